import type { Message } from "../message/message.ts";

/** Keeps a pool's messages in a store: it is asked before a message is taken in, and before each of its attempts. */
export interface MessageKeeper {
  /** Whether there is anything to be done for which the process has to stay alive. */
  readonly hasWork: boolean;
  /** Takes a message in, if there is room: it comes to the queue when it has been stored. */
  takeIn(message: Message): boolean;
  /** A message comes back for another attempt. @param come to be called when it may */
  comesBack(message: Message, come: () => void): void;
}
