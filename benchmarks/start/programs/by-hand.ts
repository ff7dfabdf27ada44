import { tellDelivered } from "./tell-delivered.ts";

const waiting: number[] = [];
const listener = (payload: number): void => {
  tellDelivered(payload);
};
waiting.push(1);
queueMicrotask(() => {
  for (const payload of waiting) listener(payload);
});
