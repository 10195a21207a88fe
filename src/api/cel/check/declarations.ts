// What an expression may refer to: functions and types of its libraries, variables, and those that macros bring.
import type { CelValue } from '../evaluate/values.ts'
import type { CelFunction, Library, Overload } from '../library/function.ts'
import { type MacroTable, macroTable } from '../syntax/macro.ts'
import { bool, bytes, type CelType, double, duration, dyn, int, list, map, nullType, string, timestamp, typeOf, uint } from './type.ts'

/** A variable of the environment, or a constant of its type. */
export interface Variable {
  readonly name: string
  readonly type: CelType
  /** Name of the type that the identifier stands for; undefined for what has a value of its own. */
  readonly typeName?: string
  /** Bound by a macro within the expression. */
  readonly local?: boolean
  /** Makes a value of the type that the identifier stands for: `Name{field: value}`. Undefined where expressions may make none. */
  construct?(fields: ReadonlyMap<string, CelValue>): CelValue
}

/** Finds types by their names, for those that are too many to be declared. */
export type FindType = (name: string) => Variable | undefined

export interface Declarations {
  readonly functions: ReadonlyMap<string, CelFunction>
  readonly variables: ReadonlyMap<string, Variable>
  readonly macros: MacroTable
  readonly container: string
  readonly findType?: FindType
}

const builtInTypes: readonly CelType[] = [bool, bytes, double, duration, int, list(dyn), map(dyn, dyn), nullType, string, timestamp, uint]

/** Joins libraries; a function that two of them have gets the overloads of both. */
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

/** The same with further variables. */
export function withVariables(declarations: Declarations, variables: readonly Variable[]): Declarations {
  const joined = new Map(declarations.variables)
  for (const variable of variables) joined.set(variable.name, variable)
  return { ...declarations, variables: joined }
}

/** The names that a name may mean inside of a container `a.b`: `a.b.name`, `a.name`, `name`; a leading dot means the last only. */
export function candidates(container: string, name: string): string[] {
  if (name.startsWith('.')) return [name.slice(1)]
  const found: string[] = []
  for (let prefix = container; prefix !== ''; prefix = prefix.includes('.') ? prefix.slice(0, prefix.lastIndexOf('.')) : '') {
    found.push(`${prefix}.${name}`)
  }
  found.push(name)
  return found
}
