// Validation of scheduling fields: affinity, tolerations, taints, topology spread, scheduling gates.

import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type {
  Affinity,
  NodeAffinity,
  PodAffinity,
  PodAffinityTerm,
  PodReadinessGate,
  PodSchedulingGate,
  Taint,
  Toleration,
  TopologySpreadConstraint,
} from '../../types/core-v1.ts'
import { duplicateShown, goString, goStruct } from '../go-syntax.ts'
import { type LabelSelectorLike, validateLabelSelector } from '../label-selector.ts'
import { labelValue, nameIsDnsLabel, qualifiedName } from '../names.ts'
import { validateNodeSelector, validateNodeSelectorTerm } from '../node-selector.ts'
import { pushMessages } from '../object-meta.ts'
import { validateChoice } from './security-context.ts'

const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const requiredField = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferredField = 'preferredDuringSchedulingIgnoredDuringExecution'

export function validateAffinity(affinity: Affinity | undefined, path: string, errors: FieldError[]): void {
  if (affinity === undefined) return
  if (affinity.nodeAffinity !== undefined) validateNodeAffinity(affinity.nodeAffinity, `${path}.nodeAffinity`, errors)
  if (affinity.podAffinity !== undefined) validatePodAffinity(affinity.podAffinity, `${path}.podAffinity`, errors)
  if (affinity.podAntiAffinity !== undefined) validatePodAffinity(affinity.podAntiAffinity, `${path}.podAntiAffinity`, errors)
}

function validateNodeAffinity(affinity: NodeAffinity, path: string, errors: FieldError[]): void {
  if (affinity[requiredField] !== undefined) validateNodeSelector(affinity[requiredField], `${path}.${requiredField}`, errors)
  affinity[preferredField]?.forEach((term, index) => {
    const at = `${path}.${preferredField}[${index}]`
    validateWeight(term.weight, at, errors)
    validateNodeSelectorTerm(term.preference ?? {}, false, `${at}.preference`, errors)
  })
}

function validateWeight(weight: number | undefined, path: string, errors: FieldError[]): void {
  const value = weight ?? 0
  if (value <= 0 || value > 100) errors.push(invalidValue(`${path}.weight`, value, 'must be in the range 1-100'))
}

/** Anti-affinity has the same shape. */
function validatePodAffinity(affinity: PodAffinity, path: string, errors: FieldError[]): void {
  affinity[requiredField]?.forEach((term, index) => {
    validatePodAffinityTerm(term, `${path}.${requiredField}[${index}]`, errors)
  })
  affinity[preferredField]?.forEach((weighted, index) => {
    const at = `${path}.${preferredField}[${index}]`
    validateWeight(weighted.weight, at, errors)
    validatePodAffinityTerm(weighted.podAffinityTerm ?? { topologyKey: '' }, `${at}.podAffinityTerm`, errors)
  })
}

function validatePodAffinityTerm(term: PodAffinityTerm, path: string, errors: FieldError[]): void {
  validateLabelSelector(term.labelSelector, `${path}.labelSelector`, errors)
  validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`, errors)
  for (const namespace of term.namespaces ?? []) {
    pushMessages(errors, `${path}.namespace`, namespace, nameIsDnsLabel(namespace, false))
  }
  validateMatchKeys(term, path, errors)
  const key = term.topologyKey ?? ''
  if (key === '') errors.push(required(`${path}.topologyKey`, 'can not be empty'))
  pushMessages(errors, `${path}.topologyKey`, key, qualifiedName(key))
}

function validateMatchKeys(term: PodAffinityTerm, path: string, errors: FieldError[]): void {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term
  validateLabelKeys(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`, errors)
  validateLabelKeys(mismatchLabelKeys, labelSelector, `${path}.mismatchLabelKeys`, errors)
  if (labelSelector !== undefined) {
    const inSelector = new Set(Object.keys(labelSelector.matchLabels ?? {}))
    for (const { key } of labelSelector.matchExpressions ?? []) {
      // Creation already converted the key to an expression; a second one is the user's own.
      const index = matchLabelKeys.lastIndexOf(key)
      if (index >= 0 && inSelector.has(key)) {
        errors.push(invalidValue(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'))
      }
      inSelector.add(key)
    }
  }
  matchLabelKeys.forEach((key, index) => {
    if (mismatchLabelKeys.includes(key)) {
      errors.push(invalidValue(`${path}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys'))
    }
  })
}

function validateLabelKeys(keys: readonly string[], selector: LabelSelectorLike | undefined, path: string, errors: FieldError[]): void {
  if (keys.length === 0) return
  if (selector === undefined) {
    errors.push(forbiddenField(path, 'must not be specified when labelSelector is not set'))
    return
  }
  keys.forEach((key, index) => {
    pushMessages(errors, `${path}[${index}]`, key, qualifiedName(key))
  })
}

function validateTaintEffect(effect: string, path: string, errors: FieldError[]): void {
  if (!taintEffects.includes(effect)) errors.push(notSupported(path, effect, taintEffects))
}

export function validateTolerations(tolerations: readonly Toleration[] | undefined, path: string, errors: FieldError[]): void {
  tolerations?.forEach((toleration, index) => {
    const at = `${path}[${index}]`
    const { key = '', operator = '', value = '', effect = '' } = toleration
    if (key !== '') pushMessages(errors, `${at}.key`, key, qualifiedName(key))
    else if (operator !== 'Exists') {
      const text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
      errors.push(invalidValue(`${at}.operator`, operator, text))
    }
    if (toleration.tolerationSeconds !== undefined && effect !== 'NoExecute') {
      errors.push(invalidValue(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
    }
    if (operator === 'Exists') {
      if (value !== '') errors.push(invalidValue(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"))
    } else if (operator === '' || operator === 'Equal') {
      const messages = labelValue(value)
      if (messages.length > 0) errors.push(invalidValue(`${at}.operator`, value, messages.join(';')))
    } else errors.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']))
    if (effect !== '') validateTaintEffect(effect, `${at}.effect`, errors)
  })
}

export function validateTaints(taints: readonly Taint[] | undefined, path: string, errors: FieldError[]): void {
  const seen = new Set<string>()
  taints?.forEach((taint, index) => {
    const at = `${path}[${index}]`
    const { key = '', value = '', effect = '' } = taint
    pushMessages(errors, `${at}.key`, key, qualifiedName(key))
    const messages = labelValue(value)
    if (messages.length > 0) errors.push(invalidValue(`${at}.value`, value, messages.join(';')))
    if (effect === '') errors.push(required(`${at}.effect`))
    else validateTaintEffect(effect, `${at}.effect`, errors)
    const identity = `${effect}/${key}`
    if (seen.has(identity)) {
      const shown = { Key: goString(key), Value: goString(value), Effect: goString(effect), TimeAdded: taint.timeAdded ?? '<nil>' }
      const error = duplicateShown(at, goStruct('core.Taint', shown))
      errors.push({ ...error, message: `${error.message}: taints must be unique by key and effect pair` })
    }
    seen.add(identity)
  })
}

export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  const lastOf = new Map(constraints?.map((constraint, index) => [spreadIdentity(constraint), index]))
  constraints?.forEach((constraint, index) => {
    const at = `${path}[${index}]`
    const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '' } = constraint
    if (maxSkew <= 0) errors.push(invalidValue(`${at}.maxSkew`, maxSkew, 'must be greater than zero'))
    if (topologyKey === '') errors.push(required(`${at}.topologyKey`, 'can not be empty'))
    validateChoice(whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway'], `${at}.whenUnsatisfiable`, errors)
    const identity = spreadIdentity(constraint)
    if (lastOf.get(identity) !== index) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, identity))
    if (constraint.minDomains !== undefined) {
      if (constraint.minDomains <= 0) errors.push(invalidValue(`${at}.minDomains`, constraint.minDomains, 'must be greater than zero'))
      if (whenUnsatisfiable !== 'DoNotSchedule') {
        const text = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`
        errors.push(invalidValue(`${at}.minDomains`, constraint.minDomains, text))
      }
    }
    validateChoice(constraint.nodeAffinityPolicy, ['Honor', 'Ignore'], `${at}.nodeAffinityPolicy`, errors)
    validateChoice(constraint.nodeTaintsPolicy, ['Honor', 'Ignore'], `${at}.nodeTaintsPolicy`, errors)
    validateSpreadKeys(constraint, `${at}.matchLabelKeys`, errors)
    validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`, errors)
  })
}

const spreadIdentity = ({ topologyKey = '', whenUnsatisfiable = '' }: TopologySpreadConstraint): string =>
  `{${topologyKey}, ${whenUnsatisfiable}}`

function validateSpreadKeys(constraint: TopologySpreadConstraint, path: string, errors: FieldError[]): void {
  const keys = constraint.matchLabelKeys ?? []
  if (keys.length === 0) return
  const selector = constraint.labelSelector
  if (selector === undefined) errors.push(forbiddenField(path, 'must not be specified when labelSelector is not set'))
  const inSelector = new Set([...Object.keys(selector?.matchLabels ?? {}), ...(selector?.matchExpressions ?? []).map(({ key }) => key)])
  keys.forEach((key, index) => {
    pushMessages(errors, `${path}[${index}]`, key, qualifiedName(key))
    if (inSelector.has(key)) errors.push(invalidValue(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'))
  })
}

export function validateReadinessGates(gates: readonly PodReadinessGate[] | undefined, path: string, errors: FieldError[]): void {
  gates?.forEach(({ conditionType = '' }, index) => {
    pushMessages(errors, `${path}[${index}].conditionType`, conditionType, qualifiedName(conditionType))
  })
}

export function validateSchedulingGates(gates: readonly PodSchedulingGate[] | undefined, path: string, errors: FieldError[]): void {
  const seen = new Set<string>()
  gates?.forEach(({ name = '' }, index) => {
    pushMessages(errors, `${path}[${index}]`, name, qualifiedName(name))
    if (seen.has(name)) errors.push(duplicate(`${path}[${index}]`, name))
    seen.add(name)
  })
}
