// The names that an expression may use: functions and types of its libraries, variables, and names that macros bind.

import type { CelFunction, Library, Overload } from '../functions/function.ts'
import { type MacroTable, macroTable } from '../syntax/macro.ts'
import {
  bool,
  bytes,
  type CelType,
  double,
  duration,
  dyn,
  int,
  list,
  map,
  nullType,
  string,
  timestamp,
  typeOf,
  uint,
} from '../values/type.ts'
import type { CelValue } from '../values/values.ts'

/** A variable of the environment, or a constant of its type. */
export interface Variable {
  readonly name: string
  readonly type: CelType
  /** Name of the type that the identifier denotes; undefined for an ordinary value. */
  readonly typeName?: string
  /** Bound by a macro within the expression. */
  readonly local?: boolean
  /** Constructs a value of the denoted type: `Name{field: value}`. Undefined if expressions may not construct it. */
  construct?(fields: ReadonlyMap<string, CelValue>): CelValue
}

/** Finds types by name, if they are too many to declare. */
export type FindType = (name: string) => Variable | undefined

export interface Declarations {
  readonly functions: ReadonlyMap<string, CelFunction>
  readonly variables: ReadonlyMap<string, Variable>
  readonly macros: MacroTable
  readonly container: string
  readonly findType?: FindType
}

const builtInTypes: readonly CelType[] = [bool, bytes, double, duration, int, list(dyn), map(dyn, dyn), nullType, string, timestamp, uint]

/** Merges libraries; a function in two of them has the overloads of both. */
export function declare(
  libraries: readonly Library[],
  variables: readonly Variable[],
  container: string,
  findType?: FindType,
): Declarations {
  const overloads = new Map<string, Overload[]>()
  const idents = new Map<string, Variable>()
  const addType = (type: CelType): void => void idents.set(type.name, { name: type.name, type: typeOf(type), typeName: type.name })
  builtInTypes.forEach(addType)
  idents.set('type', { name: 'type', type: typeOf(), typeName: 'type' })
  for (const library of libraries) {
    for (const { name, overloads: rows } of library.functions ?? []) {
      const known = overloads.get(name)
      if (known === undefined) overloads.set(name, [...rows])
      else known.push(...rows)
    }
    library.types?.forEach(addType)
  }
  for (const variable of variables) idents.set(variable.name, variable)
  return {
    functions: new Map([...overloads].map(([name, rows]) => [name, { name, overloads: rows }])),
    variables: idents,
    macros: macroTable(libraries.flatMap(({ macros = [] }) => macros)),
    container,
    ...(findType === undefined ? {} : { findType }),
  }
}

/** The same declarations with further variables. */
export function withVariables(declarations: Declarations, variables: readonly Variable[]): Declarations {
  const joined = new Map(declarations.variables)
  for (const variable of variables) joined.set(variable.name, variable)
  return { ...declarations, variables: joined }
}

/** The candidates for a name inside of a container `a.b`: `a.b.name`, `a.name`, `name`; a leading dot allows only the last. */
export function candidates(container: string, name: string): string[] {
  if (name.startsWith('.')) return [name.slice(1)]
  const found: string[] = []
  for (let prefix = container; prefix !== ''; prefix = prefix.includes('.') ? prefix.slice(0, prefix.lastIndexOf('.')) : '') {
    found.push(`${prefix}.${name}`)
  }
  found.push(name)
  return found
}
