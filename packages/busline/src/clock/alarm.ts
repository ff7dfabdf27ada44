import { Deadline } from "./deadline.ts";

/** A deadline that calls back. */
export class Alarm extends Deadline {
  readonly expire: () => void;

  constructor(expire: () => void) {
    super();
    this.expire = expire;
  }
}
