// Macros: calls that the parser expands to other expressions. A macro is one row; the built-in ones are here.
import type { Issue } from '../issue.ts'
import { accumulatorName, bool, type Comprehension, call, type Expr, ident, list, literal, select } from './ast.ts'

export interface Macro {
  readonly name: string
  readonly argumentCount: number
  /** Called with a target, `target.name(…)`. */
  readonly member: boolean
  /** The expansion, an issue if the arguments do not fit the macro, undefined if it is an ordinary call. */
  expand(use: MacroUse): Expr | Issue | undefined
}

export interface MacroUse {
  readonly offset: number
  /** The target of a member macro; otherwise the first argument. */
  readonly target: Expr
  readonly args: readonly Expr[]
}

export type MacroTable = ReadonlyMap<string, Macro>

const keyOf = (name: string, argumentCount: number, member: boolean): string => `${name}:${argumentCount}:${member}`

export function macroTable(macros: readonly Macro[]): MacroTable {
  return new Map(macros.map(macro => [keyOf(macro.name, macro.argumentCount, macro.member), macro]))
}

/** Expands a call that is a macro; undefined otherwise. */
export function expandMacro(
  table: MacroTable,
  offset: number,
  name: string,
  args: readonly Expr[],
  target: Expr | undefined,
): Expr | Issue | undefined {
  const macro = table.get(keyOf(name, args.length, target !== undefined))
  const subject = target ?? args[0]
  return macro === undefined || subject === undefined ? undefined : macro.expand({ offset, target: subject, args })
}

/** The name in an argument; an issue if it is another expression. */
export function nameOf(arg: Expr | undefined, message: string): string | Issue {
  return arg?.kind === 'ident' ? arg.name : { offset: arg?.offset, message }
}

/** The name of a loop variable, which must differ from upstream's accumulator. */
export function loopVariable(arg: Expr | undefined, message: string): string | Issue {
  const name = nameOf(arg, message)
  return name === '__result__' ? { offset: arg?.offset, message: 'iteration variable overwrites accumulator variable' } : name
}

export const accumulator = (offset: number): Expr => ident(offset, accumulatorName)

type Fold = Omit<Comprehension, 'kind' | 'offset' | 'accumulator' | 'variable2'> & { variable2?: string }

/** A comprehension over the built-in accumulator. */
export const fold = (offset: number, { variable2, ...parts }: Fold): Expr => ({
  kind: 'comprehension',
  offset,
  accumulator: accumulatorName,
  variable2,
  ...parts,
})

type Loop = Pick<Fold, 'init' | 'condition' | 'step' | 'result'>

/** Every item satisfies the predicate. */
export const allLoop = (offset: number, predicate: Expr): Loop => ({
  init: bool(offset, true),
  condition: call(offset, '@not_strictly_false', [accumulator(offset)]),
  step: call(offset, '_&&_', [accumulator(offset), predicate]),
  result: accumulator(offset),
})

/** Some item satisfies the predicate. */
export const existsLoop = (offset: number, predicate: Expr): Loop => ({
  init: bool(offset, false),
  condition: call(offset, '@not_strictly_false', [call(offset, '!_', [accumulator(offset)])]),
  step: call(offset, '_||_', [accumulator(offset), predicate]),
  result: accumulator(offset),
})

/** Exactly one item satisfies the predicate. */
export const existsOneLoop = (offset: number, predicate: Expr): Loop => {
  const one = literal(offset, 'int', 1)
  return {
    init: literal(offset, 'int', 0),
    condition: bool(offset, true),
    step: call(offset, '_?_:_', [predicate, call(offset, '_+_', [accumulator(offset), one]), accumulator(offset)]),
    result: call(offset, '_==_', [accumulator(offset), one]),
  }
}

/** A list of the results of `item` for the items that satisfy the predicate. */
export const listLoop = (offset: number, item: Expr, predicate: Expr | undefined): Loop => {
  const append = call(offset, '_+_', [accumulator(offset), list(offset, [item])])
  return {
    init: list(offset, []),
    condition: bool(offset, true),
    step: predicate === undefined ? append : call(offset, '_?_:_', [predicate, append, accumulator(offset)]),
    result: accumulator(offset),
  }
}

function loopMacro(name: string, argumentCount: number, message: string, loop: (offset: number, args: readonly Expr[]) => Loop): Macro {
  return {
    name,
    argumentCount,
    member: true,
    expand({ offset, target, args }) {
      const variable = loopVariable(args[0], message)
      return typeof variable === 'string' ? fold(offset, { range: target, variable, ...loop(offset, args) }) : variable
    },
  }
}

const simpleName = 'argument must be a simple name'
const identifier = 'argument is not an identifier'

/** An existing argument, since macros are found by their number of arguments. */
export function argument(args: readonly Expr[], index: number): Expr {
  const arg = args[index]
  if (arg === undefined) throw new RangeError(`Macro has no argument ${index}`)
  return arg
}

export const standardMacros: readonly Macro[] = [
  {
    name: 'has',
    argumentCount: 1,
    member: false,
    expand: ({ offset, target }) =>
      target.kind === 'select'
        ? select(offset, target.operand, target.field, true)
        : { offset: target.offset, message: 'invalid argument to has() macro' },
  },
  loopMacro('all', 2, simpleName, (offset, args) => allLoop(offset, argument(args, 1))),
  loopMacro('exists', 2, simpleName, (offset, args) => existsLoop(offset, argument(args, 1))),
  loopMacro('exists_one', 2, simpleName, (offset, args) => existsOneLoop(offset, argument(args, 1))),
  loopMacro('map', 2, identifier, (offset, args) => listLoop(offset, argument(args, 1), undefined)),
  loopMacro('map', 3, identifier, (offset, args) => listLoop(offset, argument(args, 2), argument(args, 1))),
  loopMacro('filter', 2, identifier, (offset, args) => listLoop(offset, argument(args, 0), argument(args, 1))),
]
