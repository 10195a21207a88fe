// The common parts of validating and mutating webhooks.
import { isDeepStrictEqual } from 'node:util'
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import { parseReference } from '../../go-text/go-url.ts'
import type { ValidatingWebhook, WebhookClientConfig } from '../../types/admissionregistration-v1.ts'
import { validateLabelSelector } from '../../validation/label-selector.ts'
import { dns1035Label, dns1123Subdomain } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { repetition } from '../../validation/repetition.ts'
import { conditionExpressions, validateMatchConditions } from './match-condition.ts'
import { failurePolicies, matchPolicies, validateRuleWithOperations } from './rule.ts'

const sideEffectClasses = ['None', 'NoneOnDryRun']
const reviewVersions = ['v1', 'v1beta1']

export function setWebhookDefaults(hook: ValidatingWebhook): void {
  hook.failurePolicy ??= 'Fail'
  hook.matchPolicy ??= 'Equivalent'
  hook.namespaceSelector ??= {}
  hook.objectSelector ??= {}
  hook.timeoutSeconds ??= 10
  if (hook.clientConfig?.service !== undefined) hook.clientConfig.service.port ??= 443
  for (const rule of hook.rules ?? []) rule.scope ??= '*'
}

type MoreRules<T> = (hook: T, field: string, errors: FieldError[]) => void

/**
 * Validates the list against the stored one, `old`; `more` validates fields of only one of the two kinds. Unchanged conditions are not
 * validated again.
 */
export function validateWebhooks<T extends ValidatingWebhook>(
  hooks: readonly T[] | undefined,
  old: readonly T[] | undefined,
  more?: MoreRules<T>,
): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  const stored = new Set(old?.flatMap(({ matchConditions }) => conditionExpressions(matchConditions)))
  const conditionsChange = old === undefined || !sameConditions(hooks ?? [], old)
  hooks?.forEach((hook, index) => {
    const field = `webhooks[${index}]`
    validateWebhook(hook, field, errors, more)
    if (conditionsChange) {
      validateMatchConditions(hook.matchConditions, `${field}.matchConditions`, errors, { params: false, stored })
    }
    validateReviewVersions(hook.admissionReviewVersions ?? [], `${field}.admissionReviewVersions`, errors)
    if (names.has(hook.name)) errors.push(duplicate(`${field}.name`, hook.name))
    if (hook.name !== '') names.add(hook.name)
  })
  return errors
}

function validateWebhook<T extends ValidatingWebhook>(hook: T, field: string, errors: FieldError[], more: MoreRules<T> | undefined): void {
  validateQualified(hook.name, `${field}.name`, errors)
  hook.rules?.forEach((rule, index) => {
    validateRuleWithOperations(rule, `${field}.rules[${index}]`, errors)
  })
  const { failurePolicy, matchPolicy, sideEffects, timeoutSeconds } = hook
  if (failurePolicy !== undefined && !failurePolicies.includes(failurePolicy)) {
    errors.push(notSupported(`${field}.failurePolicy`, failurePolicy, failurePolicies))
  }
  if (matchPolicy !== undefined && !matchPolicies.includes(matchPolicy)) {
    errors.push(notSupported(`${field}.matchPolicy`, matchPolicy, matchPolicies))
  }
  if (sideEffects === undefined || sideEffects === null) {
    errors.push(required(`${field}.sideEffects`, `must specify one of ${sideEffectClasses.join(', ')}`))
  } else if (!sideEffectClasses.includes(sideEffects)) {
    errors.push(notSupported(`${field}.sideEffects`, sideEffects, sideEffectClasses))
  }
  if (timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1)) {
    errors.push(invalidValue(`${field}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'))
  }
  validateLabelSelector(hook.namespaceSelector, `${field}.namespaceSelector`, errors)
  validateLabelSelector(hook.objectSelector, `${field}.objectSelector`, errors)
  more?.(hook, field, errors)
  validateClientConfig(hook.clientConfig ?? {}, `${field}.clientConfig`, errors)
}

function sameConditions(hooks: readonly ValidatingWebhook[], old: readonly ValidatingWebhook[]): boolean {
  return hooks.length === old.length && hooks.every((hook, index) => isDeepStrictEqual(hook.matchConditions, old[index]?.matchConditions))
}

/** The name of a webhook is a domain of at least three labels. */
function validateQualified(name: string, field: string, errors: FieldError[]): void {
  if (name === '') {
    errors.push(required(field))
    return
  }
  const messages = dns1123Subdomain(name)
  pushMessages(errors, field, name, messages)
  if (messages.length === 0 && name.split('.').length < 3) {
    errors.push(invalidValue(field, name, 'should be a domain with at least three segments separated by dots'))
  }
}

function validateReviewVersions(versions: readonly string[], field: string, errors: FieldError[]): void {
  if (versions.length === 0) {
    errors.push(required(field, `must specify one of ${reviewVersions.join(', ')}`))
    return
  }
  const isRepeated = repetition<string>()
  versions.forEach((version, index) => {
    if (isRepeated(version)) errors.push(invalidValue(`${field}[${index}]`, version, 'duplicate version'))
    else pushMessages(errors, `${field}[${index}]`, version, dns1035Label(version))
  })
  if (!versions.some(version => reviewVersions.includes(version))) {
    errors.push(invalidValue(field, versions, `must include at least one of ${reviewVersions.join(', ')}`))
  }
}

export function validateClientConfig({ url, service }: WebhookClientConfig, field: string, errors: FieldError[]): void {
  if ((url === undefined) === (service === undefined)) {
    errors.push(required(field, 'exactly one of url or service is required'))
  } else if (url !== undefined) {
    validateUrl(url, `${field}.url`, errors)
  } else if (service !== undefined) {
    const { name, namespace, path, port } = service
    if (name === '') errors.push(required(`${field}.service.name`, 'service name is required'))
    if (namespace === '') errors.push(required(`${field}.service.namespace`, 'service namespace is required'))
    if (port !== undefined && (port < 1 || port > 65535)) {
      errors.push(invalidValue(`${field}.service.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'))
    }
    if (path !== undefined) validateServicePath(path, `${field}.service.path`, errors)
  }
}

const urlForm = '; desired format: https://host[/path]'

function validateUrl(url: string, field: string, errors: FieldError[]): void {
  const parsed = parseReference(url)
  if (typeof parsed === 'string') {
    errors.push(required(field, `url must be a valid URL: ${parsed}${urlForm}`))
    return
  }
  const { scheme, host, user, fragment, query } = parsed
  if (scheme !== 'https') errors.push(invalidValue(field, scheme, `'https' is the only allowed URL scheme${urlForm}`))
  if (host === '') errors.push(invalidValue(field, host, `host must be specified${urlForm}`))
  if (user !== undefined) errors.push(invalidValue(field, user, 'user information is not permitted in the URL'))
  if (fragment !== '') errors.push(invalidValue(field, fragment, 'fragments are not permitted in the URL'))
  if (query !== '') errors.push(invalidValue(field, query, 'query parameters are not permitted in the URL'))
}

function validateServicePath(path: string, field: string, errors: FieldError[]): void {
  if (path === '' || path === '/') return
  if (path === '//') {
    errors.push(invalidValue(field, path, 'segment[0] may not be empty'))
    return
  }
  if (!path.startsWith('/')) errors.push(invalidValue(field, path, "must start with a '/'"))
  // Without its first character, whatever it is.
  const steps = path.slice(1).replace(/\/$/, '').split('/')
  steps.forEach((step, index) => {
    if (step === '') {
      errors.push(invalidValue(field, path, `segment[${index}] may not be empty`))
      return
    }
    for (const message of dns1123Subdomain(step)) errors.push(invalidValue(field, path, `segment[${index}]: ${message}`))
  })
}
