// Optional values: `optional.of(x)`, `a.?b.orValue(c)`, `optMap`.

import { free, type Library, member } from '../functions/function.ts'
import { bool, call, type Expr, list } from '../syntax/ast.ts'
import { argument, type Macro, nameOf } from '../syntax/macro.ts'
import { fail } from '../values/failure.ts'
import { asOptional } from '../values/narrow.ts'
import * as t from '../values/type.ts'
import { CelMap, type CelValue, Double, Duration, isPlainObject, mapSize, Optional, Uint } from '../values/values.ts'

const V = t.param('V')
const optionalV = t.optional(V)

/** Whether a value is the zero value of its type. */
function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === '' || value === 0) return true
  if (value instanceof Uint || value instanceof Double) return Number(value.value) === 0
  if (value instanceof Duration) return value.nanos === 0n
  if (value instanceof CelMap) return value.entries.size === 0
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0
  return isPlainObject(value) && mapSize(value) === 0
}

/** `target.optMap(v, e)`: e with v bound to the target's content; none if the target is empty. */
function mapMacro(name: string, wrap: (offset: number, result: Expr) => Expr): Macro {
  return {
    name,
    argumentCount: 2,
    member: true,
    expand({ offset, target, args }) {
      const variable = nameOf(args[0], `${name}() variable name must be a simple identifier`)
      if (typeof variable !== 'string') return variable
      const bound: Expr = {
        kind: 'comprehension',
        offset,
        range: list(offset, []),
        variable: '#unused',
        variable2: undefined,
        accumulator: variable,
        init: call(offset, 'value', [], target),
        condition: bool(offset, false),
        step: argument(args, 0),
        result: argument(args, 1),
      }
      return call(offset, '_?_:_', [call(offset, 'hasValue', [], target), wrap(offset, bound), call(offset, 'optional.none', [])])
    },
  }
}

export const optionalLibrary: Library = {
  types: [t.optional(t.dyn)],
  functions: [
    { name: 'optional.of', overloads: [free('optional_of', [V], optionalV, value => new Optional(value))] },
    {
      name: 'optional.ofNonZeroValue',
      overloads: [free('optional_ofNonZeroValue', [V], optionalV, value => (isZero(value) ? Optional.none : new Optional(value)))],
    },
    { name: 'optional.none', overloads: [free('optional_none', [], optionalV, () => Optional.none)] },
    {
      name: 'value',
      overloads: [member('optional_value', [optionalV], V, value => asOptional(value).value ?? fail('optional.none() dereference'))],
    },
    { name: 'hasValue', overloads: [member('optional_hasValue', [optionalV], t.bool, value => asOptional(value).value !== undefined)] },
    { name: 'or', overloads: [member('optional_or_optional', [optionalV, optionalV], optionalV, value => value)] },
    { name: 'orValue', overloads: [member('optional_orValue_value', [optionalV, V], V, value => value)] },
    {
      name: '_[?_]',
      overloads: [
        free('list_optindex_optional_int', [t.list(V), t.int], optionalV, value => value),
        free('optional_list_optindex_optional_int', [t.optional(t.list(V)), t.int], optionalV, value => value),
        free('map_optindex_optional_value', [t.map(t.param('K'), V), t.param('K')], optionalV, value => value),
        free('optional_map_optindex_optional_value', [t.optional(t.map(t.param('K'), V)), t.param('K')], optionalV, value => value),
      ],
    },
  ],
  macros: [mapMacro('optMap', (offset, result) => call(offset, 'optional.of', [result])), mapMacro('optFlatMap', (_, result) => result)],
}
