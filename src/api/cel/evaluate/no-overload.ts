// What is said where no overload of a function is for the values that it is given, in upstream's words. The checker lets only such values through
// whose types it does not know.
import { Failure, noSuchOverload, Refused } from './failure.ts'
import { type CelValue, type Kind, kindOf, typeNameOf } from './values.ts'

/** Upstream asks these values what they make of an operator that is not theirs, and they do not name it. */
const receivers: readonly Kind[] = ['string', 'timestamp', 'duration']
const operands = (...kinds: readonly Kind[]): ReadonlySet<Kind> => new Set([...receivers, ...kinds])
const numbers: readonly Kind[] = ['int', 'uint', 'double']
const comparable = operands(...numbers, 'bool', 'bytes')
const everything: ReadonlySet<Kind> | undefined = undefined
/** Stands for a function that upstream has replaced by another one, which says nothing of itself. */
export const unnamed = ''

/** Functions that are found by their first operand alone. Of the kinds that are named here it is the other operand that does not fit. */
const byFirstOperand: ReadonlyMap<string, ReadonlySet<Kind> | undefined> = new Map([
  ['_+_', operands(...numbers, 'bytes', 'list')],
  ['_-_', operands(...numbers)],
  ['_*_', operands(...numbers)],
  ['_/_', operands(...numbers)],
  ['_%_', operands('int', 'uint')],
  ['-_', operands('bool', 'int', 'double')],
  ['_<_', comparable],
  ['_<=_', comparable],
  ['_>_', comparable],
  ['_>=_', comparable],
  ['size', operands('bytes', 'list', 'map', 'object')],
  ['matches', operands()],
  ['!_', everything],
  ['@in', everything],
  ['contains', everything],
  ['startsWith', everything],
  ['endsWith', everything],
  [unnamed, everything],
])

/** The failure itself where it is another. */
export function namedFailure(err: unknown, name: string, args: readonly CelValue[]): unknown {
  return err instanceof Failure && err.message === noSuchOverload && !(err instanceof Refused) ? noOverload(name, args) : err
}

export function noOverload(name: string, args: readonly CelValue[]): Failure {
  if (!byFirstOperand.has(name)) return new Failure(`${noSuchOverload}: ${name}(${args.map(typeNameOf).join(', ')})`)
  const kinds = byFirstOperand.get(name)
  const [first = null] = args
  return new Failure(kinds === undefined || kinds.has(kindOf(first)) ? noSuchOverload : `${noSuchOverload}: ${name}`)
}
