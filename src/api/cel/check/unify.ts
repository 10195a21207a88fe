// Assignability with type parameters, by cel-go's algorithm. Bindings of parameters are kept only if the whole comparison succeeds.
import { type CelType, dyn, isDyn, isDynOrError, paramOf, sameType } from '../values/type.ts'

export class Substitutions {
  readonly #bound = new Map<string, CelType>()
  /** The previous bindings, for each binding since the comparison began. */
  #undo: [name: string, before: CelType | undefined][] = []

  /** Whether each type is assignable to its counterpart; binds parameters if all are. */
  assignable(from: readonly CelType[], to: readonly CelType[]): boolean {
    this.#undo = []
    if (this.#assignableList(from, to)) return true
    for (const [name, before] of this.#undo.toReversed()) {
      if (before === undefined) this.#bound.delete(name)
      else this.#bound.set(name, before)
    }
    return false
  }

  /** The type with its parameters substituted; free ones become dyn if `freeToDyn`. */
  substitute(type: CelType, freeToDyn: boolean): CelType {
    if (type.kind === 'param') {
      const bound = this.#bound.get(type.name)
      if (bound !== undefined) return this.substitute(bound, freeToDyn)
      return freeToDyn ? dyn : type
    }
    if (type.params.length === 0) return type
    const params = type.params.map(item => this.substitute(item, freeToDyn))
    return params.every((item, index) => item === type.params[index]) ? type : { ...type, params }
  }

  #assignableList(from: readonly CelType[], to: readonly CelType[]): boolean {
    return from.length === to.length && from.every((type, index) => this.#assignable(type, paramAt(to, index)))
  }

  #assignable(a: CelType, b: CelType): boolean {
    if (b.kind === 'param') {
      const { valid, bound } = this.#bind(a, b)
      if (valid || bound) return valid
    }
    if (a.kind === 'param') return this.#bind(b, a).valid
    if (isDynOrError(a) || isDynOrError(b)) return true
    if (a.kind === 'null') return isNullable(b)
    if (b.kind === 'null') return isNullable(a)
    if (a.kind === 'wrapper' || b.kind === 'wrapper') {
      const [left, right] = [unwrap(a), unwrap(b)]
      return left.kind === right.kind
    }
    switch (a.kind) {
      case 'type':
        return b.kind === 'type'
      case 'opaque':
      case 'list':
      case 'map':
        return a.kind === b.kind && a.name === b.name && this.#assignableList(a.params, b.params)
      default:
        return a.kind === b.kind && a.name === b.name
    }
  }

  /** Binds `param` to `type` if allowed; `bound` is whether it was already bound. */
  #bind(type: CelType, param: CelType): { valid: boolean; bound: boolean } {
    if (sameType(type, param)) return { valid: true, bound: true }
    const known = this.#bound.get(param.name)
    if (known === undefined) {
      if (!this.#free(param, type)) return { valid: false, bound: false }
      this.#set(param.name, type)
      return { valid: true, bound: false }
    }
    if (sameType(type, known)) return { valid: true, bound: true }
    if (!this.#assignable(type, known)) return { valid: false, bound: true }
    const general = mostGeneral(type, known)
    if (this.#free(param, general)) this.#set(param.name, general)
    return { valid: true, bound: true }
  }

  #set(name: string, type: CelType): void {
    this.#undo.push([name, this.#bound.get(name)])
    this.#bound.set(name, type)
  }

  /** Occurs check: whether the parameter does not occur within the type. */
  #free(param: CelType, within: CelType): boolean {
    if (sameType(param, within)) return false
    if (within.kind === 'param') {
      const bound = this.#bound.get(within.name)
      return bound === undefined || this.#free(param, bound)
    }
    return within.params.every(item => this.#free(param, item))
  }
}

/** The more general of two compatible types. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  return lessSpecific(a, b) ? a : b
}

function lessSpecific(a: CelType, b: CelType): boolean {
  if (isDyn(a) || a.kind === 'param') return true
  if (isDyn(b) || b.kind === 'param') return false
  if (b.kind === 'null' && isNullable(a)) return true
  if (a.kind !== b.kind) return false
  switch (a.kind) {
    case 'opaque':
    case 'list':
    case 'map':
      return (
        a.name === b.name && a.params.length === b.params.length && a.params.every((x, index) => lessSpecific(x, paramAt(b.params, index)))
      )
    case 'type':
      return true
    default:
      return sameType(a, b)
  }
}

const isNullable = ({ kind }: CelType): boolean =>
  kind === 'null' || kind === 'opaque' || kind === 'object' || kind === 'timestamp' || kind === 'duration' || kind === 'wrapper'

const unwrap = (type: CelType): CelType => (type.kind === 'wrapper' ? paramOf(type, 0) : type)

function paramAt(types: readonly CelType[], index: number): CelType {
  const type = types[index]
  if (type === undefined) throw new RangeError(`No type at ${index}`)
  return type
}
