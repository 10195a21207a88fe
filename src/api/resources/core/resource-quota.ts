// ResourceQuota, v1.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type {
  ResourceList,
  ResourceQuota,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
  ScopeSelector,
} from '../../types/core-v1.ts'
import { goList, goString, goStrings, goStruct, invalidShown } from '../../validation/go-syntax.ts'
import { immutableMessage } from '../../validation/object-meta.ts'
import { roundAmounts } from '../../validation/quantities.ts'
import { isQuotaResource, validateQuotaResourceName, validateResourceQuantity } from '../../validation/resource-names.ts'
import { ageCell } from '../printing.ts'
import { defineResource } from '../resource.ts'
import { keepSpec, keepStatus } from './status-path.ts'

const existsOnly = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity']
const scopes = [...existsOnly, 'PriorityClass']
const scopeType = 'core.ResourceQuotaScope'
const podCompute = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']
const contradictions = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const

export const resourceQuota = defineResource<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  namespaced: true,
  deletion: { returnsObject: true },
  shortNames: ['quota'],
  subresources: [
    {
      name: 'status',
      verbs: ['get', 'patch', 'update'],
      prepare: keepSpec,
      validate: ({ status }) => validateStatusLists(status),
    },
  ],
  columns: [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' },
    { name: 'Request', type: 'string', cell: object => usageCell(object, name => !name.startsWith('limits.')) },
    { name: 'Limit', type: 'string', cell: object => usageCell(object, name => name.startsWith('limits.')) },
    { name: 'Age', type: 'string', cell: ageCell },
  ],
  setDefaults({ spec, status }) {
    roundAmounts(spec?.hard)
    roundAmounts(status?.hard)
    roundAmounts(status?.used)
  },
  prepareForCreate(object) {
    object.status = {}
  },
  validate: ({ spec, status }) => [...validateSpec(spec ?? {}), ...validateStatusLists(status)],
  prepare: keepStatus,
  validateUpdate({ spec = {} }, old) {
    const errors = validateSpec(spec)
    const now = new Set(spec.scopes ?? [])
    const before = new Set(old.spec?.scopes ?? [])
    if (now.size !== before.size || [...now].some(scope => !before.has(scope)))
      errors.push(invalidShown('spec.scopes', goStrings(spec.scopes, scopeType), immutableMessage))
    return errors
  },
})

function validateSpec(spec: ResourceQuotaSpec): FieldError[] {
  const errors: FieldError[] = []
  validateList(spec.hard, 'spec.hard', errors)
  const hard = Object.keys(spec.hard ?? {})
    .filter(isQuotaResource)
    .sort()
  // Once: each error shows all of them, and there can be one for each.
  let shown: string | undefined
  const fault = (text: string): void => {
    shown ??= goStrings(spec.scopes, scopeType)
    errors.push(invalidShown('spec.scopes', shown, text))
  }
  for (const scope of spec.scopes ?? []) {
    if (!scopes.includes(scope)) fault('unsupported scope')
    for (const name of hard) if (!coversResource(scope, name)) fault('unsupported scope applied to resource')
  }
  validateContradictions(spec.scopes ?? [], spec, 'spec.scopes', errors)
  const requirements = spec.scopeSelector?.matchExpressions ?? []
  let shownSelector: string | undefined
  const uncovered = (): void => {
    shownSelector ??= goScopeSelector(spec.scopeSelector)
    errors.push(invalidShown('spec.scopeSelector.matchExpressions', shownSelector, 'unsupported scope applied to resource'))
  }
  for (const requirement of requirements) validateRequirement(requirement, hard, uncovered, errors)
  validateContradictions(
    requirements.map(({ scopeName }) => scopeName),
    spec,
    'spec.scopeSelector.matchExpressions',
    errors,
  )
  return errors
}

function goScopeSelector(selector: ScopeSelector = {}): string {
  const type = 'core.ScopedResourceSelectorRequirement'
  const show = ({ scopeName, operator, values }: ScopedResourceSelectorRequirement): string =>
    goStruct(type, { ScopeName: goString(scopeName), Operator: goString(operator), Values: goStrings(values) })
  return goStruct('core.ScopeSelector', { MatchExpressions: goList(type, selector.matchExpressions, show) })
}

/** A scope selects pods, so it can limit only resources that count or measure pods. */
function coversResource(scope: string, name: string): boolean {
  if (scope === 'BestEffort') return name === 'pods'
  return scopes.includes(scope) ? name === 'pods' || podCompute.includes(name) : true
}

function validateContradictions(names: readonly string[], spec: ResourceQuotaSpec, path: string, errors: FieldError[]): void {
  for (const [one, other] of contradictions) {
    if (names.includes(one) && names.includes(other))
      errors.push(invalidShown(path, goStrings(spec.scopes, scopeType), 'conflicting scopes'))
  }
}

function validateRequirement(
  requirement: ScopedResourceSelectorRequirement,
  hard: readonly string[],
  uncovered: () => void,
  errors: FieldError[],
): void {
  const path = 'spec.scopeSelector.matchExpressions'
  const { scopeName = '', operator = '', values = [] } = requirement
  if (!scopes.includes(scopeName)) errors.push(invalidValue(`${path}.scopeName`, scopeName, 'unsupported scope'))
  for (const name of hard) if (!coversResource(scopeName, name)) uncovered()
  if (existsOnly.includes(scopeName) && operator !== 'Exists') {
    const text =
      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
    errors.push(invalidValue(`${path}.operator`, operator, text))
  }
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length > 0) return
    errors.push(required(`${path}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length === 0) return
    errors.push(
      invalidShown(`${path}.values`, goStrings(values), "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"),
    )
  } else errors.push(invalidValue(`${path}.operator`, operator, 'not a valid selector operator'))
}

function validateStatusLists(status: ResourceQuota['status']): FieldError[] {
  const errors: FieldError[] = []
  validateList(status?.hard, 'status.hard', errors)
  validateList(status?.used, 'status.used', errors)
  return errors
}

function validateList(list: ResourceList | undefined, path: string, errors: FieldError[]): void {
  for (const name in list) {
    validateQuotaResourceName(name, `${path}[${name}]`, errors)
    validateResourceQuantity(name, list[name] ?? '0', `${path}[${name}]`, errors)
  }
}

function usageCell({ status }: ResourceQuota, shows: (name: string) => boolean): string {
  return Object.keys(status?.hard ?? {})
    .filter(shows)
    .sort()
    .map(name => `${name}: ${status?.used?.[name] ?? '0'}/${status?.hard?.[name] ?? '0'}`)
    .join(', ')
}
