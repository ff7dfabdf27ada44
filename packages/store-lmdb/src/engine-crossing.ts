import type { Engine } from "./engine.ts";
import type { CarriedProblem } from "./store-problem.ts";

/** What the store's thread is started with. */
export interface EngineData {
  readonly folder: string;
}

type MethodName = keyof Engine;

/** A call of one of the engine's methods. */
export interface EngineCall<Method extends MethodName = MethodName> {
  readonly id: number;
  readonly method: Method;
  readonly argument: Parameters<Engine[Method]>[0];
}

/** What became of it. */
export type EngineAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly problem: CarriedProblem };
