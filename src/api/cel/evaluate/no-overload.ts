// Messages for values without a matching overload, in upstream's words. The checker only lets this happen for unknown types.
import { Failure, noSuchOverload, Refused } from '../values/failure.ts'
import { type CelValue, type Kind, kindOf, typeNameOf } from '../values/values.ts'

/** For these values, upstream lets the value handle the operator, and its message does not name the operator. */
const receivers: readonly Kind[] = ['string', 'timestamp', 'duration']
const operands = (...kinds: readonly Kind[]): ReadonlySet<Kind> => new Set([...receivers, ...kinds])
const numbers: readonly Kind[] = ['int', 'uint', 'double']
const comparable = operands(...numbers, 'bool', 'bytes')
const everything: ReadonlySet<Kind> | undefined = undefined
/** Replaces a function that upstream has overridden, and whose message does not name it. */
export const unnamed = ''

/** Functions that dispatch on their first operand. For the listed kinds, the other operand is the wrong one. */
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

/** Any other failure is returned unchanged. */
export function namedFailure(err: unknown, name: string, args: readonly CelValue[]): unknown {
  return err instanceof Failure && err.message === noSuchOverload && !(err instanceof Refused) ? noOverload(name, args) : err
}

export function noOverload(name: string, args: readonly CelValue[]): Failure {
  if (!byFirstOperand.has(name)) return new Failure(`${noSuchOverload}: ${name}(${args.map(typeNameOf).join(', ')})`)
  const kinds = byFirstOperand.get(name)
  const [first = null] = args
  return new Failure(kinds === undefined || kinds.has(kindOf(first)) ? noSuchOverload : `${noSuchOverload}: ${name}`)
}
