// Macros with two variables: index and item of a list, key and value of a map.

import { free, type Library } from '../functions/function.ts'
import { bool, type Comprehension, call, type Expr } from '../syntax/ast.ts'
import { accumulator, allLoop, argument, existsLoop, existsOneLoop, fold, listLoop, loopVariable, type Macro } from '../syntax/macro.ts'
import { fail, noSuchOverload } from '../values/failure.ts'
import * as t from '../values/type.ts'
import type { CelValue } from '../values/values.ts'

type Loop = Pick<Comprehension, 'init' | 'condition' | 'step' | 'result'>

function macro(name: string, argumentCount: number, loop: (offset: number, args: readonly Expr[]) => Loop): Macro {
  return {
    name,
    argumentCount,
    member: true,
    expand({ offset, target, args }) {
      const variable = loopVariable(args[0], 'argument must be a simple name')
      if (typeof variable !== 'string') return variable
      const variable2 = loopVariable(args[1], 'argument must be a simple name')
      if (typeof variable2 !== 'string') return variable2
      const repeated = { offset: argument(args, 1).offset, message: `duplicate variable name: ${variable}` }
      if (variable === variable2) return repeated
      return fold(offset, { range: target, variable, variable2, ...loop(offset, args) })
    },
  }
}

/** A map of the entries that `insert` adds for items that satisfy the predicate. */
function mapLoop(offset: number, insert: readonly Expr[], predicate: Expr | undefined): Loop {
  const added = call(offset, 'cel.@mapInsert', [accumulator(offset), ...insert])
  return {
    init: { kind: 'map', offset, entries: [] },
    condition: bool(offset, true),
    step: predicate === undefined ? added : call(offset, '_?_:_', [predicate, added, accumulator(offset)]),
    result: accumulator(offset),
  }
}

const [K, V] = [t.param('K'), t.param('V')]
const mapKV = t.map(K, V)
/** Only loops insert, and they do it themselves. */
const inLoopsOnly = (): CelValue => fail(noSuchOverload)

export const twoVariableLibrary: Library = {
  functions: [
    {
      name: 'cel.@mapInsert',
      overloads: [
        free('@mapInsert_map_map', [mapKV, mapKV], mapKV, inLoopsOnly),
        free('@mapInsert_map_key_value', [mapKV, K, V], mapKV, inLoopsOnly),
      ],
    },
  ],
  macros: [
    macro('all', 3, (offset, args) => allLoop(offset, argument(args, 2))),
    macro('exists', 3, (offset, args) => existsLoop(offset, argument(args, 2))),
    macro('existsOne', 3, (offset, args) => existsOneLoop(offset, argument(args, 2))),
    macro('exists_one', 3, (offset, args) => existsOneLoop(offset, argument(args, 2))),
    macro('transformList', 3, (offset, args) => listLoop(offset, argument(args, 2), undefined)),
    macro('transformList', 4, (offset, args) => listLoop(offset, argument(args, 3), argument(args, 2))),
    macro('transformMap', 3, (offset, args) => mapLoop(offset, [argument(args, 0), argument(args, 2)], undefined)),
    macro('transformMap', 4, (offset, args) => mapLoop(offset, [argument(args, 0), argument(args, 3)], argument(args, 2))),
    macro('transformMapEntry', 3, (offset, args) => mapLoop(offset, [argument(args, 2)], undefined)),
    macro('transformMapEntry', 4, (offset, args) => mapLoop(offset, [argument(args, 3)], argument(args, 2))),
  ],
}
