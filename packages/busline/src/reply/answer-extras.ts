import { type Headers, NO_HEADERS } from "../message/headers.ts";
import type { MessageExtras } from "../message/message-extras.ts";
import type { PendingReply } from "./pending-reply.ts";

/** The extras of an answer to a request. The id that joins them is made when somebody asks for it. */
export class AnswerExtras implements MessageExtras {
  readonly headers: Headers = NO_HEADERS;
  readonly key: undefined = undefined;
  readonly priority: undefined = undefined;
  readonly timing: undefined = undefined;
  readonly failed: undefined = undefined;
  readonly record: undefined = undefined;
  readonly responseDestinationName: undefined = undefined;
  readonly request: undefined = undefined;
  readonly answers: PendingReply;

  constructor(answers: PendingReply) {
    this.answers = answers;
  }

  get responseId(): string {
    return this.answers.id;
  }
}
