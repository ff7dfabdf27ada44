import type { DurableRecord } from "../message/durable-record.ts";
import type { Message } from "../message/message.ts";
import type { StoreChange } from "../store/message-store.ts";
import type { ClaimingMember, IdClaim } from "../store/seen-ids.ts";
import type { DurableIntake } from "./durable-intake.ts";

/** One message that is being stored, as a member of a commit. */
export class DurableCommit implements ClaimingMember {
  readonly changes: readonly StoreChange[];
  readonly size: number;
  readonly claim: IdClaim | undefined;
  readonly #intake: DurableIntake;
  readonly #message: Message;
  readonly #record: DurableRecord;
  #isDuplicate = false;

  /** @param value what is stored */
  constructor(
    intake: DurableIntake,
    message: Message,
    record: DurableRecord,
    value: Uint8Array,
    claim: IdClaim | undefined,
  ) {
    this.changes = [{ key: record.key as string, value }];
    this.size = value.length;
    this.claim = claim;
    this.#intake = intake;
    this.#message = message;
    this.#record = record;
  }

  committed(): void {
    if (this.#isDuplicate) this.#intake.wasTurnedAway(this.#message, this.#record, "duplicate");
    else this.#intake.wasStored(this.#message, this.#record);
  }

  refused(): void {
    this.#intake.wasTurnedAway(this.#message, this.#record, "rejected");
  }

  wasDuplicate(): void {
    this.#isDuplicate = true;
  }
}
