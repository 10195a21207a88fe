// Long computations as generators: each stops after some work, and whoever runs them decides whether others have their turn then.
import { type Budget, yieldIfDue } from './turns.ts'

export type Steps<T> = Generator<undefined, T, undefined>

/** Runs all at once. */
export function runSteps<T>(steps: Steps<T>): T {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

/** Rejects with the reason of the budget's signal. */
export async function runStepsInTurns<T>(steps: Steps<T>, budget: Budget): Promise<T> {
  let step = steps.next()
  while (step.done !== true) {
    await yieldIfDue(budget)
    step = steps.next()
  }
  return step.value
}
