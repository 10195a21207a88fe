// The request and answer of an authorization webhook: a SubjectAccessReview, as upstream sends it.
import { type FieldRequirement, parseFieldSelector, type SelectableFields } from '../../api/selectors/field-selector.ts'
import { type LabelRequirement, parseLabelSelector } from '../../api/selectors/selector.ts'
import { ApiError } from '../../api/status.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Attributes } from '../access.ts'
import { statusOfReview } from './review-answer.ts'

export type ReviewVersion = 'v1' | 'v1beta1'

export interface Selector {
  readonly requirements: readonly SelectorRequirement[]
}

interface SelectorRequirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

type AttributeName = 'namespace' | 'verb' | 'group' | 'version' | 'resource' | 'subresource' | 'name'

interface ResourceAttributes extends Partial<Readonly<Record<AttributeName, string>>> {
  readonly fieldSelector?: Selector
  readonly labelSelector?: Selector
}

export interface ReviewSpec {
  readonly resourceAttributes?: ResourceAttributes
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string }
  readonly user?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
  readonly uid?: string
}

/** Without empty members, as Go writes them. */
export function reviewSpec(attributes: Attributes): ReviewSpec {
  const { user, isResource, verb, path } = attributes
  const { name, groups, extra, uid } = user
  return {
    ...(isResource ? { resourceAttributes: resourceAttributes(attributes) } : { nonResourceAttributes: filled({ path, verb }) }),
    ...filled({ user: name }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(extra === undefined || Object.keys(extra).length === 0 ? {} : { extra }),
    ...(uid ? { uid } : {}),
  }
}

function resourceAttributes({
  namespace,
  verb,
  group,
  version,
  resource,
  subresource,
  name,
  fieldSelector,
  labelSelector,
}: Attributes): ResourceAttributes {
  const fields =
    fieldSelector === undefined ? [] : requirementsOf(() => parseFieldSelector(fieldSelector, anyField).requirements.map(ofField))
  const labels =
    labelSelector === undefined ? [] : requirementsOf(() => parseLabelSelector(labelSelector).requirements.map(ofLabel).filter(isSaid))
  return {
    ...filled({ namespace, verb, group, version, resource, subresource, name }),
    ...(fields.length === 0 ? {} : { fieldSelector: { requirements: fields } }),
    ...(labels.length === 0 ? {} : { labelSelector: { requirements: labels } }),
  }
}

function filled<T extends Readonly<Record<string, string>>>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== '')) as Partial<T>
}

const anyField: SelectableFields = { isSupported: () => true, unknown: field => field }

/** Selectors only narrow: an invalid one is left out, and the request fails for it later. */
function requirementsOf(read: () => readonly SelectorRequirement[]): readonly SelectorRequirement[] {
  try {
    return read()
  } catch (err) {
    if (err instanceof ApiError) return []
    throw err
  }
}

const ofField = ({ field, operator, value }: FieldRequirement): SelectorRequirement => ({
  key: field,
  operator: operator === '=' ? 'In' : 'NotIn',
  values: [value],
})

const labelOperators: Readonly<Record<LabelRequirement['operator'], string | undefined>> = {
  '=': 'In',
  '==': 'In',
  in: 'In',
  '!=': 'NotIn',
  notin: 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
  gt: undefined,
  lt: undefined,
}

function ofLabel({ key, operator, values }: LabelRequirement): SelectorRequirement | undefined {
  const said = labelOperators[operator]
  if (said === undefined) return undefined
  return { key, operator: said, ...(values.length === 0 ? {} : { values: [...values].sort() }) }
}

const isSaid = (requirement: SelectorRequirement | undefined): requirement is SelectorRequirement => requirement !== undefined

/** v1beta1 has no selectors, and calls the groups `group`. */
export function reviewBody(spec: ReviewSpec, version: ReviewVersion): Buffer {
  const review = { kind: 'SubjectAccessReview', apiVersion: `authorization.k8s.io/${version}`, metadata: { creationTimestamp: null } }
  return Buffer.from(writeJson({ ...review, spec: version === 'v1' ? spec : olderSpec(spec), status: { allowed: false } }))
}

function olderSpec({ groups, resourceAttributes, ...rest }: ReviewSpec): object {
  const { fieldSelector: _fields, labelSelector: _labels, ...attributes } = resourceAttributes ?? {}
  return {
    ...(resourceAttributes === undefined ? {} : { resourceAttributes: attributes }),
    ...rest,
    ...(groups === undefined ? {} : { group: groups }),
  }
}

export interface ReviewStatus {
  readonly allowed: boolean
  readonly denied: boolean
  readonly reason: string
}

/** Limit of characters of a reason, which is shown, recorded and cached. */
const maxReasonCharacters = 1024

/** Undefined if it is not a review of this version. */
export function readReviewStatus(body: Buffer, version: ReviewVersion): ReviewStatus | undefined {
  const status = statusOfReview(body, 'SubjectAccessReview', `authorization.k8s.io/${version}`)
  if (status === undefined) return undefined
  const { allowed = false, denied = false, reason = '' } = status
  if (typeof allowed !== 'boolean' || typeof denied !== 'boolean' || typeof reason !== 'string') return undefined
  return { allowed, denied, reason: reason.slice(0, maxReasonCharacters) }
}
