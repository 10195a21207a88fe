// The requests that a FlowSchema matches: subjects, and resources or URLs.
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type { NonResourcePolicyRule, PolicyRulesWithSubjects, ResourcePolicyRule, Subject } from '../../types/flowcontrol-v1.ts'
import { dns1123Label, dns1123Subdomain } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']
const subjectFields = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const

export function validateFlowRule(rule: PolicyRulesWithSubjects, field: string, errors: FieldError[]): void {
  const { subjects = [], resourceRules = [], nonResourceRules = [] } = rule
  if (subjects.length === 0) errors.push(required(`${field}.subjects`, 'subjects must contain at least one value'))
  subjects.forEach((subject, index) => {
    validateSubject(subject, `${field}.subjects[${index}]`, errors)
  })
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    errors.push(required(field, 'at least one of resourceRules and nonResourceRules has to be non-empty'))
  }
  resourceRules.forEach((resourceRule, index) => {
    validateResourceRule(resourceRule, `${field}.resourceRules[${index}]`, errors)
  })
  nonResourceRules.forEach((urlRule, index) => {
    validateUrlRule(urlRule, `${field}.nonResourceRules[${index}]`, errors)
  })
}

function validateSubject(subject: Subject, field: string, errors: FieldError[]): void {
  const { kind } = subject
  if (kind !== 'User' && kind !== 'Group' && kind !== 'ServiceAccount') {
    errors.push(notSupported(`${field}.kind`, kind, ['Group', 'ServiceAccount', 'User']))
    return
  }
  const own = subjectFields[kind]
  const named = subject[own]
  if (named === undefined) {
    errors.push(required(`${field}.${own}`, `${own} is required when subject kind is '${kind}'`))
  } else {
    if (named.name === '') errors.push(required(`${field}.${own}.name`))
    if (kind === 'ServiceAccount' && subject.serviceAccount !== undefined) {
      validateServiceAccount(subject.serviceAccount, `${field}.serviceAccount`, errors)
    }
  }
  for (const [otherKind, other] of Object.entries(subjectFields)) {
    if (other === own || subject[other] === undefined) continue
    errors.push(forbiddenField(`${field}.${other}`, `${other} is forbidden when subject kind is not '${otherKind}'`))
  }
}

function validateServiceAccount({ name, namespace }: { name: string; namespace: string }, field: string, errors: FieldError[]): void {
  if (name !== '' && name !== '*') pushMessages(errors, `${field}.name`, name, dns1123Subdomain(name))
  if (namespace === '') errors.push(required(`${field}.namespace`, 'must specify namespace for service account'))
  else pushMessages(errors, `${field}.namespace`, namespace, dns1123Label(namespace))
}

function validateVerbs(values: readonly string[] | undefined, field: string, errors: FieldError[]): void {
  if (values === undefined || values.length === 0) {
    errors.push(required(field, 'verbs must contain at least one value'))
  } else if (values.includes('*')) {
    if (values.length > 1) errors.push(invalidValue(field, values, "if '*' is present, must not specify other verbs"))
  } else if (values.some(verb => !verbs.includes(verb))) {
    errors.push(notSupported(field, values, verbs))
  }
}

function validateResourceRule(rule: ResourcePolicyRule, field: string, errors: FieldError[]): void {
  validateVerbs(rule.verbs, `${field}.verbs`, errors)
  const list = (name: 'apiGroups' | 'resources', one: string, many: string): void => {
    const values = rule[name] ?? []
    if (values.length === 0) errors.push(required(`${field}.${name}`, `resource rules must supply at least one ${one}`))
    else if (values.length > 1 && values.includes('*')) {
      errors.push(invalidValue(`${field}.${name}`, values, `if '*' is present, must not specify other ${many}`))
    }
  }
  list('apiGroups', 'api group', 'api groups')
  list('resources', 'resource', 'resources')
  const namespaces = rule.namespaces ?? []
  if (namespaces.length === 0 && rule.clusterScope !== true) {
    errors.push(required(`${field}.namespaces`, 'resource rules that are not cluster scoped must supply at least one namespace'))
  } else if (namespaces.includes('*')) {
    if (namespaces.length > 1) {
      errors.push(invalidValue(`${field}.namespaces`, namespaces, "if '*' is present, must not specify other namespaces"))
    }
  } else {
    namespaces.forEach((namespace, index) => {
      for (const message of dns1123Label(namespace)) {
        const detail = `each member of this list must be '*' or a DNS-1123 label; ${message}`
        errors.push(invalidValue(`${field}.namespaces[${index}]`, namespace, detail))
      }
    })
  }
}

function validateUrlRule(rule: NonResourcePolicyRule, field: string, errors: FieldError[]): void {
  validateVerbs(rule.verbs, `${field}.verbs`, errors)
  const urls = rule.nonResourceURLs ?? []
  if (urls.length === 0) {
    errors.push(required(`${field}.nonResourceURLs`, 'nonResourceURLs must contain at least one value'))
  } else if (urls.includes('*')) {
    if (urls.length > 1) {
      errors.push(invalidValue(`${field}.nonResourceURLs`, urls, "if '*' is present, must not specify other non-resource URLs"))
    }
  } else {
    urls.forEach((url, index) => {
      const problem = urlProblem(url)
      if (problem !== undefined) errors.push(invalidValue(`${field}.nonResourceURLs[${index}]`, url, problem))
    })
  }
}

function urlProblem(url: string): string | undefined {
  if (url === '') return 'must not be empty'
  if (url === '/') return undefined
  if (!url.startsWith('/')) return 'must start with slash'
  if (url.includes(' ')) return 'must not contain white-space'
  if (url.includes('//')) return 'must not contain double slash'
  const stars = url.split('*').length - 1
  return stars > 1 || (stars === 1 && !url.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined
}
