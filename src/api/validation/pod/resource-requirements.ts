// Validation of containers' requests and limits.
import { duplicate, type FieldError, forbiddenField, invalidValue, notFoundField, required } from '../../field-error.ts'
import { integerValue, milliValue, parseQuantity, QuantityError } from '../../quantity/quantity.ts'
import type { ResourceClaim, ResourceList, ResourceRequirements } from '../../types/core-v1.ts'
import { dns1123Label } from '../names.ts'
import { pushMessages } from '../object-meta.ts'
import { compareAmounts } from '../quantities.ts'
import { isHugePages, isOvercommitAllowed, validateContainerResourceName, validateResourceQuantity } from '../resource-names.ts'

/** `claimNames` are those of the pod's resourceClaims. */
export function validateResourceRequirements(
  requirements: ResourceRequirements | undefined,
  claimNames: ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  if (requirements === undefined) return
  const { limits, requests } = requirements
  let compute = false
  let hugePages = false
  for (const name in limits) {
    const quantity = limits[name] ?? '0'
    validateEntry(name, quantity, `${path}.limits[${name}]`, errors)
    validatePages(name, quantity, `${path}.limits[${name}]`, errors)
    compute ||= name === 'cpu' || name === 'memory'
    hugePages ||= isHugePages(name)
  }
  for (const name in requests) {
    const quantity = requests[name] ?? '0'
    validateEntry(name, quantity, `${path}.requests[${name}]`, errors)
    compareWithLimit(name, quantity, limits, path, errors)
    validatePages(name, quantity, `${path}.requests[${name}]`, errors)
    compute ||= name === 'cpu' || name === 'memory'
    hugePages ||= isHugePages(name)
  }
  if (hugePages && !compute) errors.push(forbiddenField(path, 'HugePages require cpu or memory'))
  if (requirements.claims !== undefined) validateClaims(requirements.claims, claimNames, `${path}.claims`, errors)
}

function validateEntry(name: string, quantity: string, path: string, errors: FieldError[]): void {
  validateContainerResourceName(name, path, errors)
  validateResourceQuantity(name, quantity, path, errors)
}

function validatePages(name: string, quantity: string, path: string, errors: FieldError[]): void {
  if (isHugePages(name) && !isWholePages(name.slice('hugepages-'.length), quantity)) {
    errors.push(invalidValue(path, quantity, `${quantity} is not positive integer multiple of ${name}`))
  }
}

function isWholePages(pageSize: string, quantity: string): boolean {
  try {
    const page = parseQuantity(pageSize)
    // A negative amount is reported for every resource.
    return page.value > 0n && milliValue(page) % 1000n === 0n && integerValue(parseQuantity(quantity)) % integerValue(page) === 0n
  } catch (err) {
    // The size is part of the resource's name, which no decoder has parsed.
    if (err instanceof QuantityError) return false
    throw err
  }
}

function compareWithLimit(name: string, quantity: string, limits: ResourceList | undefined, path: string, errors: FieldError[]): void {
  const limit = limits?.[name]
  const overcommit = isOvercommitAllowed(name)
  if (limit === undefined) {
    if (!overcommit) errors.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'))
    return
  }
  const order = compareAmounts(quantity, limit)
  if (order !== 0 && !overcommit) errors.push(invalidValue(`${path}.requests`, quantity, `must be equal to ${name} limit of ${limit}`))
  else if (order > 0) {
    errors.push(invalidValue(`${path}.requests`, quantity, `must be less than or equal to ${name} limit of ${limit}`))
  }
}

function validateClaims(claims: readonly ResourceClaim[], known: ReadonlySet<string>, path: string, errors: FieldError[]): void {
  const seen = new Set<string>()
  claims.forEach((claim, index) => {
    const at = `${path}[${index}]`
    if (!claim.name) {
      errors.push(required(at))
      return
    }
    if (seen.has(claim.name)) errors.push(duplicate(at, claim.name))
    else seen.add(claimKey(claim, seen, at, errors))
    if (known.has(claim.name)) return
    const which = known.size === 0 ? ' which is empty' : `: ${[...known].sort().join(', ')}`
    const error = notFoundField(at, claim.name)
    errors.push({ ...error, message: `${error.message}: must be one of the names in pod.spec.resourceClaims${which}` })
  })
}

/** The claim with its request; errors if it overlaps with an earlier one. */
function claimKey(claim: ResourceClaim, seen: ReadonlySet<string>, path: string, errors: FieldError[]): string {
  if (!claim.request) {
    for (const key of seen) if (key.startsWith(`${claim.name}/`)) errors.push(duplicate(path, claim.name))
    return claim.name
  }
  pushMessages(errors, `${path}.request`, claim.request, dns1123Label(claim.request))
  const key = `${claim.name}/${claim.request}`
  if (seen.has(key)) errors.push(duplicate(path, key))
  return key
}
