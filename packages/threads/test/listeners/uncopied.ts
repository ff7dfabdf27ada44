import type { Message } from "busline";

export default ({ payload }: Message<number>): unknown =>
  payload === 0 ? "copied" : () => "not to be copied";
