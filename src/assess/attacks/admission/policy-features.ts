// What a policy can say: for each feature a policy in which that feature alone decides, a request that it must refuse, and a twin.
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, workloadForms } from '../../proof-pods.ts'
import { mergePatch, type ProofRequest } from '../../request.ts'

export interface PolicyFeature {
  /** Continues `policy …`. Unique. */
  readonly name: string
  /** Fields of the policy that differ from one that forbids `forbidden` in new and changed ConfigMaps. */
  readonly spec?: Readonly<Record<string, unknown>>
  /** Replaces its rule. */
  readonly rule?: Readonly<Record<string, unknown>>
  /** More of its `matchConstraints`. */
  readonly match?: Readonly<Record<string, unknown>>
  /** Fields of each binding that differ from one that denies. Default: one such binding. */
  readonly bindings?: readonly Readonly<Record<string, unknown>>[]
  readonly bad: ProofRequest
  readonly twin: ProofRequest
  /** What the refusal must say after the name of the policy. */
  readonly names?: string
}

/** Selects the objects that a feature's policy judges. */
export const featureLabel = 'bulkhead-prove/policy'
/** Selects the ConfigMaps that are parameters. */
export const parameterLabel = 'bulkhead-prove/parameter'
export const forbidden = 'bad'

/** The value of the label, and part of names. */
export const slugOf = ({ name }: Pick<PolicyFeature, 'name'>): string => name.replaceAll(/[^a-z0-9]+/g, '-')

const validation = `!has(object.data) || object.data.all(key, object.data[key] != '${forbidden}')`
const ofParameter = `!has(object.data) || object.data.all(key, object.data[key] != params.data.value)`
const configMaps = { apiVersion: 'v1', kind: 'ConfigMap' }
const validated = (expression: string, more: object = {}) => ({ validations: [{ expression, ...more }] })

export const defaultRule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }
export const defaultSpec = { failurePolicy: 'Fail', ...validated(validation) }
export const defaultBinding = { validationActions: ['Deny'] }

/** ConfigMaps that must exist, with `parameterLabel` and a `value`. */
export const parameters: Readonly<Record<string, string>> = { 'parameter-1': 'first', 'parameter-2': 'second' }
/** The stored ConfigMap of the features of updates and deletions; it has the label of each in turn, so one for each. */
export const storedFeatures = ['of deletions', 'of changes'] as const

/** All are dry runs. The namespace must have the `parameters`, and a ConfigMap of each of `storedFeatures`, named as its slug. */
export function policyFeatures(namespace: ProofNamespace): readonly PolicyFeature[] {
  const labelled = (name: string, more: object = {}) => ({
    name: `of-${slugOf({ name })}`,
    labels: { [featureLabel]: slugOf({ name }) },
    ...more,
  })
  const configMap = (name: string, value: string, more: object = {}): ProofRequest => ({
    ...{ method: 'POST', path: namespace.core('configmaps?dryRun=All') },
    body: { metadata: labelled(name, more), data: { a: value } },
  })
  const pair = (name: string, bad = forbidden, good = 'good') => ({ name, bad: configMap(name, bad), twin: configMap(name, good) })
  const inGroup = (groupVersion: string, plural: string, body: object): ProofRequest => ({
    ...{ method: 'POST', path: namespace.group(groupVersion, `${plural}?dryRun=All`), body },
  })
  const stored = (name: string): string => namespace.core(`configmaps/${slugOf({ name })}?dryRun=All`)
  const autoscaler = (name: string, maxReplicas: number): ProofRequest =>
    inGroup('autoscaling/v2', 'horizontalpodautoscalers', {
      metadata: labelled(name),
      spec: { maxReplicas, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'victim' } },
    })
  const replicaSet = (name: string, replicas: number): ProofRequest => {
    const form = workloadForms.find(({ kind }) => kind === 'ReplicaSet')?.object('any', harmlessSpec())
    return inGroup('apps/v1', 'replicasets', { ...form, metadata: labelled(name), spec: { ...Object(form?.['spec']), replicas } })
  }
  const clusterRole = (name: string, verb: string): ProofRequest => ({
    ...{ method: 'POST', path: '/apis/rbac.authorization.k8s.io/v1/clusterroles?dryRun=All' },
    body: {
      metadata: labelled(name, { name: `${namespace.name}-policy` }),
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: [verb] }],
    },
  })
  const byName = { paramRef: { name: 'parameter-1', parameterNotFoundAction: 'Deny' } }
  const byLabel = (value: string, parameterNotFoundAction: string) => ({
    paramRef: { selector: { matchLabels: { [parameterLabel]: value } }, parameterNotFoundAction },
  })
  const parametrized = { paramKind: configMaps, ...validated(ofParameter) }
  const notOther = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['bulkhead-prove-none'] }] }
  return [
    pair('with one binding'),
    { ...pair('whose binding also audits'), bindings: [{ validationActions: ['Audit', 'Deny'] }] },
    { ...pair('whose first binding only audits'), bindings: [{ validationActions: ['Audit'] }, {}] },
    { ...pair('whose last binding only audits'), bindings: [{}, { validationActions: ['Audit'] }] },
    {
      name: 'whose binding is for one name',
      bindings: [{ matchResources: { resourceRules: [{ ...defaultRule, resourceNames: ['of-whose-binding-is-for-one-name'] }] } }],
      bad: configMap('whose binding is for one name', forbidden),
      twin: configMap('whose binding is for one name', forbidden, { name: 'other' }),
    },
    {
      ...pair('whose annotation fails'),
      spec: {
        auditAnnotations: [{ key: 'a', valueExpression: "object.data.a == 'good' ? 'a' : string(object.data.none)" }],
        ...validated('true'),
      },
      names: 'no such key',
    },
    {
      ...pair('with two conditions'),
      spec: {
        matchConditions: [
          { name: 'all', expression: 'true' },
          { name: 'bad', expression: `object.data.a == '${forbidden}'` },
        ],
        ...validated('false'),
      },
    },
    {
      ...pair('whose first binding selects other objects'),
      bindings: [{ matchResources: { objectSelector: { matchLabels: { [featureLabel]: 'none' } } } }, {}],
    },
    { ...pair('whose binding selects the object'), bindings: [{ matchResources: { resourceRules: [defaultRule] } }] },
    {
      ...pair('with a kind of parameters that does not exist'),
      spec: { paramKind: { apiVersion: 'prove.bulkhead.dev/v1', kind: 'None' } },
      bindings: [byName],
      names: 'failed to configure policy',
      // Of an object that the policy does not select.
      twin: configMap('with one binding', 'good'),
    },
    { ...pair('with one parameter', 'first', 'second'), spec: parametrized, bindings: [byName] },
    { ...pair('with two parameters, of the first', 'first'), spec: parametrized, bindings: [byLabel('yes', 'Deny')] },
    { ...pair('with two parameters, of the second', 'second'), spec: parametrized, bindings: [byLabel('yes', 'Deny')] },
    {
      ...pair('without its parameters', 'good'),
      spec: parametrized,
      bindings: [byLabel('none', 'Deny')],
      names: 'failed to configure binding: no params found',
      twin: configMap('with one parameter', 'good'),
    },
    { ...pair('with a selector of namespaces that is negated'), match: { namespaceSelector: notOther } },
    {
      name: 'with a selector of namespaces, of an object of the cluster',
      rule: { ...defaultRule, apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'] },
      match: { namespaceSelector: notOther },
      spec: validated("object.rules.all(rule, !('delete' in rule.verbs))"),
      bad: clusterRole('with a selector of namespaces, of an object of the cluster', 'delete'),
      twin: clusterRole('with a selector of namespaces, of an object of the cluster', 'get'),
    },
    {
      name: 'for another version of the object',
      rule: { ...defaultRule, apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: ['horizontalpodautoscalers'] },
      spec: validated('object.spec.maxReplicas < 3'),
      bad: autoscaler('for another version of the object', 3),
      twin: autoscaler('for another version of the object', 2),
    },
    {
      name: 'for every group',
      rule: { ...defaultRule, apiGroups: ['*'], resources: ['replicasets'] },
      spec: validated('object.spec.replicas == 0'),
      bad: replicaSet('for every group', 1),
      twin: replicaSet('for every group', 0),
    },
    { ...pair('for every version'), rule: { ...defaultRule, apiVersions: ['*'] } },
    { ...pair('for every operation'), rule: { ...defaultRule, operations: ['*'] } },
    { ...pair('for every resource'), rule: { ...defaultRule, resources: ['*'] } },
    { ...pair('for objects in namespaces'), rule: { ...defaultRule, scope: 'Namespaced' } },
    {
      name: 'for one name',
      rule: { ...defaultRule, resourceNames: ['of-for-one-name'] },
      bad: configMap('for one name', forbidden),
      twin: configMap('for one name', forbidden, { name: 'other' }),
    },
    {
      name: 'with an exception by rule',
      match: { excludeResourceRules: [{ ...defaultRule, resourceNames: ['excepted'] }] },
      bad: configMap('with an exception by rule', forbidden),
      twin: configMap('with an exception by rule', forbidden, { name: 'excepted' }),
    },
    {
      ...pair('with a condition'),
      spec: { matchConditions: [{ name: 'bad', expression: `object.data.a == '${forbidden}'` }], ...validated('false') },
    },
    {
      ...pair('with a condition that fails'),
      spec: { matchConditions: [{ name: 'fails', expression: "object.data.a != 'good' && object.data.none == ''" }] },
      names: 'no such key',
    },
    {
      ...pair('with a variable'),
      spec: { variables: [{ name: 'value', expression: 'object.data.a' }], ...validated(`variables.value != '${forbidden}'`) },
    },
    { ...pair('whose second rule decides'), spec: { validations: [{ expression: 'true' }, { expression: validation }] } },
    { ...pair('that fails'), spec: validated("object.data.a == 'good' || object.data.none == ''"), names: 'no such key' },
    { ...pair('that asks for rights'), spec: validated(`object.data.a == 'good' || !${mayCreate}`) },
    { ...pair('that asks who writes'), spec: validated(`object.data.a == 'good' || request.userInfo.username == ''`) },
    {
      ...pair('that asks for labels of the namespace'),
      spec: validated("object.data.a == 'good' || namespaceObject.metadata.name == ''"),
    },
    {
      name: 'of changes',
      spec: validated('object.data.a == oldObject.data.a'),
      rule: { ...defaultRule, operations: ['UPDATE'] },
      bad: { method: 'PATCH', path: stored('of changes'), contentType: mergePatch, body: { data: { a: 'other' } } },
      twin: { method: 'PATCH', path: stored('of changes'), contentType: mergePatch, body: { data: { a: 'kept', b: 'new' } } },
    },
    {
      name: 'of deletions',
      spec: validated("oldObject.data.a != 'kept'"),
      rule: { ...defaultRule, operations: ['DELETE'] },
      bad: { method: 'DELETE', path: stored('of deletions') },
      twin: { method: 'DELETE', path: namespace.core('configmaps/parameter-1?dryRun=All') },
    },
  ]
}

const mayCreate = "authorizer.group('').resource('configmaps').namespace(request.namespace).check('create').allowed()"
