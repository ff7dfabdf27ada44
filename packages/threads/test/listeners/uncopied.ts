import type { Message, MessageListenerContext } from "busline";

const value = { done: (): string => "not to be copied" };

/** Answers with what cannot be copied, if it is asked to. */
export default ({ payload }: Message<number>, context: MessageListenerContext): unknown => {
  if (payload === 2) context.reply(value);
  return payload === 0 ? "copied" : value;
};
