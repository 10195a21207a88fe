// `authorizer.group('apps').resource('deployments').check('create').allowed()`: asks the server's own authorizers. The evaluating code
// passes an `Authorizer` as the variable.

import { dns1123Label, dns1123Subdomain } from '../../validation/names.ts'
import * as estimate from '../functions/estimate.ts'
import { type Library, member } from '../functions/function.ts'
import { fail, noSuchOverload } from '../values/failure.ts'
import { asString } from '../values/narrow.ts'
import * as t from '../values/type.ts'
import { type CelValue, Opaque, sizeOf } from '../values/values.ts'
import { type Costs, nominal } from './costs.ts'
import { authorizerType, decisionType, groupCheckType, pathCheckType, resourceCheckType } from './opaque-types.ts'

/** The attributes to check; the subject is the requester or a service account. */
export interface CheckAttributes {
  readonly serviceAccount: { readonly namespace: string; readonly name: string } | undefined
  readonly verb: string
  readonly path?: string
  readonly group?: string
  readonly resource?: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

export interface CheckAnswer {
  readonly allowed: boolean
  readonly reason: string
  /** The error of the decision. */
  readonly error?: string
}

/** Decides synchronously, without I/O. */
export type Decide = (attributes: CheckAttributes) => CheckAnswer

type Attributes = Omit<CheckAttributes, 'verb' | 'serviceAccount'>

export class Authorizer extends Opaque {
  readonly typeName = authorizerType.name
  readonly decide: Decide
  readonly serviceAccount: CheckAttributes['serviceAccount']

  constructor(decide: Decide, serviceAccount?: CheckAttributes['serviceAccount']) {
    super()
    this.decide = decide
    this.serviceAccount = serviceAccount
  }

  equals(other: Opaque): boolean {
    return this === other
  }
}

/** A check under construction: of a path, a group or a resource. */
export class Check extends Opaque {
  readonly typeName: string
  readonly authorizer: Authorizer
  readonly attributes: Attributes

  constructor(typeName: string, authorizer: Authorizer, attributes: Attributes) {
    super()
    this.typeName = typeName
    this.authorizer = authorizer
    this.attributes = attributes
  }

  equals(other: Opaque): boolean {
    return this === other
  }

  with(more: Attributes, typeName = this.typeName): Check {
    return new Check(typeName, this.authorizer, { ...this.attributes, ...more })
  }
}

class Decision extends Opaque {
  readonly typeName = decisionType.name
  readonly answer: CheckAnswer

  constructor(answer: CheckAnswer) {
    super()
    this.answer = answer
  }

  equals(other: Opaque): boolean {
    return this === other
  }
}

const asAuthorizer = (value: CelValue): Authorizer => (value instanceof Authorizer ? value : fail(noSuchOverload))
const asCheck = (value: CelValue): Check => (value instanceof Check ? value : fail(noSuchOverload))
const answerOf = (value: CelValue): CheckAnswer => (value instanceof Decision ? value.answer : fail(noSuchOverload))

function path(value: CelValue, given: CelValue): CelValue {
  const text = asString(given)
  return text.trim() === '' ? fail('path must not be empty') : new Check(pathCheckType.name, asAuthorizer(value), { path: text })
}

function resource(value: CelValue, given: CelValue): CelValue {
  const text = asString(given)
  return text.trim() === '' ? fail('resource must not be empty') : asCheck(value).with({ resource: text }, resourceCheckType.name)
}

function serviceAccount(value: CelValue, namespaceGiven: CelValue, nameGiven: CelValue): CelValue {
  const [namespace, name] = [asString(namespaceGiven), asString(nameGiven)]
  if (dns1123Subdomain(name).length > 0) return fail(`Invalid service account name`)
  if (dns1123Label(namespace).length > 0) return fail(`Invalid service account namespace`)
  return new Authorizer(asAuthorizer(value).decide, { namespace, name })
}

function check(value: CelValue, verb: CelValue): CelValue {
  const { authorizer, attributes } = asCheck(value)
  return new Decision(authorizer.decide({ ...attributes, verb: asString(verb), serviceAccount: authorizer.serviceAccount }))
}

/** The cost limit of one expression allows only two checks. */
const checkCost = 350_000
const checking: Costs = { cost: () => checkCost, costsAlways: true, estimate: () => ({ cost: estimate.fixed(checkCost) }) }

/** A selector is a list of requirements, each of at least two characters, a struct and a list. */
const selectorCost = (length: number): number => 10 + Math.ceil(length * estimate.traversalFactor) + Math.ceil(Math.ceil(length * 0.5) * 50)
const selecting: Costs = {
  cost: ([, selector = null]) => selectorCost(sizeOf(selector)),
  costsAlways: true,
  estimate({ args: [selector], size }) {
    if (selector === undefined) return undefined
    const { min, max } = size(selector)
    return { cost: { min: selectorCost(min), max: Math.min(selectorCost(max), estimate.unbounded) } }
  },
}

const { string, bool } = t
const narrow = (name: 'subresource' | 'namespace' | 'name') => ({
  name,
  overloads: [
    member(
      `resourcecheck_${name}`,
      [resourceCheckType, string],
      resourceCheckType,
      (value, text) => asCheck(value).with({ [name]: asString(text) }),
      nominal,
    ),
  ],
})

export const authorizerLibrary: Library = {
  functions: [
    { name: 'path', overloads: [member('authorizer_path', [authorizerType, string], pathCheckType, path, nominal)] },
    {
      name: 'group',
      overloads: [
        member(
          'authorizer_group',
          [authorizerType, string],
          groupCheckType,
          (value, group) => new Check(groupCheckType.name, asAuthorizer(value), { group: asString(group) }),
          nominal,
        ),
      ],
    },
    {
      name: 'serviceAccount',
      overloads: [member('authorizer_serviceaccount', [authorizerType, string, string], authorizerType, serviceAccount, nominal)],
    },
    { name: 'resource', overloads: [member('groupcheck_resource', [groupCheckType, string], resourceCheckType, resource, nominal)] },
    narrow('subresource'),
    narrow('namespace'),
    narrow('name'),
    {
      name: 'check',
      overloads: [
        member('pathcheck_check', [pathCheckType, string], decisionType, check, checking),
        member('resourcecheck_check', [resourceCheckType, string], decisionType, check, checking),
      ],
    },
    {
      name: 'errored',
      overloads: [member('decision_errored', [decisionType], bool, value => answerOf(value).error !== undefined, nominal)],
    },
    { name: 'error', overloads: [member('decision_error', [decisionType], string, value => answerOf(value).error ?? '', nominal)] },
    { name: 'allowed', overloads: [member('decision_allowed', [decisionType], bool, value => answerOf(value).allowed, nominal)] },
    { name: 'reason', overloads: [member('decision_reason', [decisionType], string, value => answerOf(value).reason, nominal)] },
  ],
}

export const authorizerSelectorsLibrary: Library = {
  functions: (['fieldSelector', 'labelSelector'] as const).map(name => ({
    name,
    overloads: [
      member(
        `authorizer_${name.toLowerCase()}`,
        [resourceCheckType, string],
        resourceCheckType,
        (value, text) => asCheck(value).with({ [name]: asString(text) }),
        selecting,
      ),
    ],
  })),
}
