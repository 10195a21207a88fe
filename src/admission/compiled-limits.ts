// One compiled LimitRange: defaults of containers and constraints of objects, in upstream's words. Pure.
import { approximateNumber, compareQuantities, formatQuantity, parseQuantity, type Quantity } from '../api/quantity/quantity.ts'
import { parseAmounts, type ReadonlyAmounts } from '../api/quantity/resource-amounts.ts'
import type { LimitRange, LimitRangeItem, ResourceList } from '../api/types/core-v1.ts'

/** Checks an object's requests and limits; appends upstream's messages to `errors`. */
export type Constraint = (requests: ReadonlyAmounts, limits: ReadonlyAmounts, errors: string[]) => void

export interface CompiledLimits {
  readonly defaultRequests: ResourceList
  readonly defaultLimits: ResourceList
  readonly container: readonly Constraint[]
  readonly pod: readonly Constraint[]
  /** For a claim only requests count. */
  readonly claim: readonly Constraint[]
}

export function compileLimits({ spec }: LimitRange): CompiledLimits {
  const items = spec?.limits ?? []
  const of = (type: string) => items.filter(item => item.type === type)
  const merged = (list: 'default' | 'defaultRequest'): ResourceList => Object.assign({}, ...of('Container').map(item => item[list]))
  return {
    defaultRequests: merged('defaultRequest'),
    defaultLimits: merged('default'),
    container: of('Container').flatMap(constraints),
    pod: of('Pod').flatMap(constraints),
    claim: of('PersistentVolumeClaim').flatMap(claimConstraints),
  }
}

function constraints({ type, min, max, maxLimitRequestRatio }: LimitRangeItem): Constraint[] {
  return [
    ...each(min, (name, bound) => minimum(type, name, bound)),
    ...each(max, (name, bound) => maximum(type, name, bound)),
    ...each(maxLimitRequestRatio, (name, bound) => ratio(type, name, bound)),
  ]
}

function claimConstraints({ type, min, max }: LimitRangeItem): Constraint[] {
  return [...each(min, (name, bound) => minimum(type, name, bound)), ...each(max, (name, bound) => maximumRequest(type, name, bound))]
}

function each(list: ResourceList | undefined, make: (name: string, bound: Quantity) => Constraint): Constraint[] {
  return [...parseAmounts(list)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, bound]) => make(name, bound))
}

function minimum(type: string, name: string, bound: Quantity): Constraint {
  const start = `minimum ${name} usage per ${type} is ${formatQuantity(bound)}`
  return (requests, limits, errors) => {
    const request = requests.get(name)
    const limit = limits.get(name)
    if (request === undefined) errors.push(`${start}.  No request is specified`)
    else if (compareQuantities(request, bound) < 0) errors.push(`${start}, but request is ${formatQuantity(request)}`)
    else if (limit !== undefined && compareQuantities(limit, bound) < 0) errors.push(`${start}, but limit is ${formatQuantity(limit)}`)
  }
}

function maximum(type: string, name: string, bound: Quantity): Constraint {
  const start = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`
  return (requests, limits, errors) => {
    const request = requests.get(name)
    const limit = limits.get(name)
    if (limit === undefined) errors.push(`${start}.  No limit is specified`)
    else if (compareQuantities(limit, bound) > 0) errors.push(`${start}, but limit is ${formatQuantity(limit)}`)
    else if (request !== undefined && compareQuantities(request, bound) > 0)
      errors.push(`${start}, but request is ${formatQuantity(request)}`)
  }
}

function maximumRequest(type: string, name: string, bound: Quantity): Constraint {
  const start = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`
  return (requests, _limits, errors) => {
    const request = requests.get(name)
    if (request === undefined) errors.push(`${start}.  No request is specified`)
    else if (compareQuantities(request, bound) > 0) errors.push(`${start}, but request is ${formatQuantity(request)}`)
  }
}

const nothing = parseQuantity('0')

function ratio(type: string, name: string, bound: Quantity): Constraint {
  const start = `${name} max limit to request ratio per ${type} is ${formatQuantity(bound)}`
  return (requests, limits, errors) => {
    const request = requests.get(name) ?? nothing
    const limit = limits.get(name) ?? nothing
    if (request.value === 0n) errors.push(`${start}, but no request is specified or request is 0`)
    else if (limit.value === 0n) errors.push(`${start}, but no limit is specified or limit is 0`)
    else if (exceedsRatio(limit, request, bound))
      errors.push(`${start}, but provided ratio is ${(approximateNumber(limit) / approximateNumber(request)).toFixed(6)}`)
  }
}

/** Exact: limit > bound × request. */
function exceedsRatio(limit: Quantity, request: Quantity, bound: Quantity): boolean {
  const product: Quantity = { value: bound.value * request.value, scale: bound.scale + request.scale, format: 'DecimalSI' }
  return compareQuantities(limit, product) > 0
}
