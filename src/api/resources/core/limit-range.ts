// LimitRange, v1.
import { randomUUID } from 'node:crypto'
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../../field-error.ts'
import { approximateNumber, compareQuantities, parseQuantity } from '../../quantity/quantity.ts'
import type { LimitRange, LimitRangeItem, ResourceList } from '../../types/core-v1.ts'
import { goQuantity, invalidShown } from '../../validation/go-syntax.ts'
import { qualifiedName } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { compareAmounts, roundAmounts } from '../../validation/quantities.ts'
import { isOvercommitAllowed, validateContainerResourceName, validateResourceName } from '../../validation/resource-names.ts'
import { defineResource } from '../resource.ts'

const types = ['Pod', 'Container', 'PersistentVolumeClaim']
const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

export const limitRange = defineResource<LimitRange>({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  namespaced: true,
  validatesMetadata: ['whole'],
  shortNames: ['limits'],
  setDefaults({ spec }) {
    for (const item of spec?.limits ?? []) {
      if (item.type === 'Container') setContainerDefaults(item)
      for (const list of lists) roundAmounts(item[list])
    }
  },
  // The one kind that needs no name.
  prepareForCreate({ metadata }) {
    metadata.name ||= randomUUID()
  },
  validate({ spec }) {
    const errors: FieldError[] = []
    const seen = new Set<string>()
    spec?.limits?.forEach((item, index) => {
      validateItem(item, seen, `spec.limits[${index}]`, errors)
    })
    return errors
  },
  allowCreateOnUpdate: true,
})

/** Defaults of a container: the limit from the maximum, the request from the limit or the minimum. */
function setContainerDefaults(item: LimitRangeItem): void {
  setUnlessEmpty(item, 'default', { ...item.max, ...item.default })
  setUnlessEmpty(item, 'defaultRequest', { ...item.min, ...item.default, ...item.defaultRequest })
}

/** Upstream prints no empty list of amounts. */
function setUnlessEmpty(item: LimitRangeItem, name: 'default' | 'defaultRequest', amounts: Record<string, string>): void {
  if (Object.keys(amounts).length > 0) item[name] = amounts
  else delete item[name]
}

function validateItem(item: LimitRangeItem, seen: Set<string>, path: string, errors: FieldError[]): void {
  const type = item.type ?? ''
  const messages = qualifiedName(type)
  pushMessages(errors, `${path}.type`, type, messages)
  if (messages.length === 0 && !type.includes('/') && !types.includes(type)) {
    errors.push(invalidValue(`${path}.type`, type, 'must be a standard limit type or fully qualified'))
  }
  if (seen.has(type)) errors.push(duplicate(`${path}.type`, type))
  seen.add(type)
  const isPod = type === 'Pod'
  const names = new Set<string>()
  for (const list of lists) {
    if (list === 'maxLimitRequestRatio') validateBoundOfClaim(item, path, errors)
    const amounts = item[list]
    if (amounts === undefined) continue
    if (isPod && (list === 'default' || list === 'defaultRequest')) {
      if (Object.keys(amounts).length > 0) errors.push(forbiddenField(`${path}.${list}`, "may not be specified when `type` is 'Pod'"))
      continue
    }
    for (const name in amounts) {
      names.add(name)
      if (isPod || type === 'Container') validateContainerResourceName(name, `${path}.${list}[${name}]`, errors)
      else validateResourceName(name, `${path}.${list}[${name}]`, errors)
    }
  }
  for (const name of names) validateAmounts(name, isPod ? { ...item, default: {}, defaultRequest: {} } : item, path, errors)
}

function validateBoundOfClaim({ type, min, max }: LimitRangeItem, path: string, errors: FieldError[]): void {
  if (type !== 'PersistentVolumeClaim' || min?.['storage'] !== undefined || max?.['storage'] !== undefined) return
  errors.push(required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided'))
}

/** minimum ≤ default request ≤ default limit ≤ maximum, and a ratio that the bounds allow. */
function validateAmounts(name: string, item: LimitRangeItem, path: string, errors: FieldError[]): void {
  const of = (list: ResourceList | undefined): string | undefined => list?.[name]
  const min = of(item.min)
  const max = of(item.max)
  const limit = of(item.default)
  const request = of(item.defaultRequest)
  const at = (list: string): string => `${path}.${list}[${name}]`
  const exceeds = (a: string | undefined, b: string | undefined): boolean => a !== undefined && b !== undefined && compareAmounts(a, b) > 0
  if (exceeds(min, max)) errors.push(invalidShown(at('min'), goQuantity(min), `min value ${min} is greater than max value ${max}`))
  if (exceeds(min, request)) {
    errors.push(
      invalidShown(at('defaultRequest'), goQuantity(request), `min value ${min} is greater than default request value ${request}`),
    )
  }
  if (exceeds(request, max)) {
    errors.push(
      invalidShown(at('defaultRequest'), goQuantity(request), `default request value ${request} is greater than max value ${max}`),
    )
  }
  if (exceeds(request, limit)) {
    const text = `default request value ${request} is greater than default limit value ${limit}`
    errors.push(invalidShown(at('defaultRequest'), goQuantity(request), text))
  }
  if (exceeds(min, limit))
    errors.push(invalidShown(at('default'), goQuantity(min), `min value ${min} is greater than default value ${limit}`))
  if (exceeds(limit, max))
    errors.push(invalidShown(at('default'), goQuantity(max), `default value ${limit} is greater than max value ${max}`))
  validateRatio(of(item.maxLimitRequestRatio), min, max, at('maxLimitRequestRatio'), errors)
  if (!isOvercommitAllowed(name) && limit !== undefined && request !== undefined && compareAmounts(limit, request) !== 0) {
    const text = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`
    errors.push(invalidShown(at('defaultRequest'), goQuantity(request), text))
  }
}

function validateRatio(
  ratio: string | undefined,
  min: string | undefined,
  max: string | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (ratio === undefined) return
  const parsed = parseQuantity(ratio)
  if (compareQuantities(parsed, parseQuantity('1')) < 0) errors.push(invalidShown(path, goQuantity(ratio), `ratio ${ratio} is less than 1`))
  if (min === undefined || max === undefined) return
  const possible = approximateNumber(parseQuantity(max)) / approximateNumber(parseQuantity(min))
  if (approximateNumber(parsed) > possible) {
    errors.push(invalidShown(path, goQuantity(ratio), `ratio ${ratio} is greater than max/min = ${possible.toFixed(6)}`))
  }
}
