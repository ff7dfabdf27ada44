import type { DestinationNames } from "../destination/destination-names.ts";
import type { MessageStatus } from "../destination/message-status.ts";

/** What goes to one destination, and what comes back. */
export interface DestinationContract {
  readonly payload: unknown;
  readonly reply?: unknown;
}

/** The contracts of a bus whose names are not typed: any name, any payload. */
export type AnyContracts = Readonly<
  Record<string, { readonly payload: unknown; readonly reply: unknown }>
>;

/** Contracts by destination name, for `new MessageBus<Contracts>()`. */
export type DestinationContracts<Contracts> = {
  readonly [Name in keyof Contracts]: DestinationContract;
};

/** What every bus has beside its own. */
export interface PreconfiguredContracts {
  readonly [DestinationNames.HOT_DEPLOY]: { readonly payload: unknown; readonly reply: unknown };
  readonly [DestinationNames.MESSAGE_BUS_DEFAULT_RESPONSE]: {
    readonly payload: unknown;
    readonly reply: unknown;
  };
  readonly [DestinationNames.MESSAGE_BUS_MESSAGE_STATUS]: {
    readonly payload: MessageStatus;
    readonly reply: unknown;
  };
}

/** The names that a bus knows. */
export type NameIn<Contracts> = (keyof Contracts | keyof PreconfiguredContracts) & string;

/** The names that a bus knows, where it knows them by type. */
export type TypedNameIn<Contracts> = string extends keyof Contracts ? never : NameIn<Contracts>;

/** What may be sent to a name. */
export type PayloadOf<Contracts, Name> = ContractOf<Contracts, Name>["payload"];

/** What comes back from a name. */
export type ReplyOf<Contracts, Name> =
  ContractOf<Contracts, Name> extends { readonly reply: infer Reply } ? Reply : unknown;

type ContractOf<Contracts, Name> = Name extends keyof Contracts
  ? Contracts[Name] extends DestinationContract
    ? Contracts[Name]
    : never
  : Name extends keyof PreconfiguredContracts
    ? PreconfiguredContracts[Name]
    : never;
