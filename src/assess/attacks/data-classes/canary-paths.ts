// The ways on which a value may travel into logs, events and records: for each class a canary of its own, sent by every verb and refused by
// every rule that quotes it.
import { dataClassFieldsAnnotation, dataClassLabel } from '../../../api/data-classes/data-class.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import { applyPatch, jsonPatch, mergePatch, type ProofRequest, request } from '../../request.ts'

const group = 'prove.bulkhead.dev'
export const crdPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const pattern = '^[a-z0-9-]{0,80}$'

interface Names {
  readonly plural: string
  readonly singular: string
  readonly kind: string
}

const people: Names = { plural: 'people', singular: 'person', kind: 'Person' }
export const guests: Names = { plural: 'guests', singular: 'guest', kind: 'Guest' }

const definitionOf = (names: Names, metadata: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${names.plural}.${group}`, ...metadata },
  spec: {
    ...{ group, scope: 'Namespaced', names },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  email: { type: 'string', pattern },
                  note: { type: 'string' },
                  phones: { type: 'array', items: { type: 'object', properties: { number: { type: 'string' } } } },
                },
              },
            },
          },
        },
      },
    ],
  },
})

/** Kinds of which the first is personal in its field `spec.email`, and not in `spec.note`, and the second as a whole. */
export const definitions = [
  definitionOf(people, { annotations: { [dataClassFieldsAnnotation]: 'personal=spec.email,spec.phones.*' } }),
  definitionOf(guests, { labels: { [dataClassLabel]: 'personal' } }),
]

export const personsIn = (namespace: string, { plural } = people): string => `/apis/${group}/v1/namespaces/${namespace}/${plural}`
const coreIn = (namespace: string, plural: string): string => `/api/v1/namespaces/${namespace}/${plural}`

export const personOf = (name: string, spec: object, labels: object = {}, { kind } = people) => ({
  ...{ apiVersion: `${group}/v1`, kind, metadata: { name, labels }, spec },
})

export interface Step {
  readonly question: ProofRequest
  readonly status: number
}

export const create = (path: string, body: object): Step => ({ question: { method: 'POST', path, body }, status: 201 })

/** What is refused with a message that quotes the value has an exclamation mark in it, which the schema does not allow. */
export function personSteps(namespace: string, canary: string, labels: object = {}, names = people): readonly Step[] {
  const path = personsIn(namespace, names)
  const person = (name: string, spec: object, its: object = {}) => personOf(name, spec, its, names)
  const one = `${path}/one`
  const spec = { email: canary, phones: [{ number: canary }], note: 'none' }
  const lastApplied = { 'kubectl.kubernetes.io/last-applied-configuration': writeJson(person('one', spec)) }
  return [
    {
      question: {
        method: 'POST',
        path,
        body: { ...person('one', spec, labels), metadata: { name: 'one', labels, annotations: lastApplied } },
      },
      status: 201,
    },
    { question: { method: 'GET', path: one }, status: 200 },
    { question: { method: 'GET', path }, status: 200 },
    { question: { method: 'PATCH', path: one, body: { spec: { email: `${canary}-merged` } }, contentType: mergePatch }, status: 200 },
    {
      question: {
        method: 'PATCH',
        path: one,
        body: [{ op: 'replace', path: '/spec/email', value: `${canary}-json` }],
        contentType: jsonPatch,
      },
      status: 200,
    },
    {
      question: {
        method: 'PATCH',
        path: `${one}?fieldManager=prove&force=true`,
        body: person('one', { email: `${canary}-applied` }),
        contentType: applyPatch,
      },
      status: 200,
    },
    { question: { method: 'PATCH', path: one, body: { spec: { email: `${canary}!` } }, contentType: mergePatch }, status: 422 },
    { question: { method: 'POST', path, body: person('two', { email: `${canary}!` }, labels) }, status: 422 },
    { question: { method: 'POST', path, body: person('three', { email: canary, note: 'refused by a policy' }, labels) }, status: 422 },
    { question: { method: 'POST', path, body: person('four', { email: canary, note: 'refused by a webhook' }, labels) }, status: 403 },
    { question: { method: 'DELETE', path }, status: 200 },
  ]
}

/** For kinds whose bodies are secret anyway, and pods. */
export function coreSteps(namespace: string, canary: string, labels: object): readonly Step[] {
  const secrets = coreIn(namespace, 'secrets')
  const configMaps = coreIn(namespace, 'configmaps')
  const pods = coreIn(namespace, 'pods')
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'canary', labels }, stringData: { value: canary } }
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'canary', labels }, data: { value: canary } }
  const pod = (name: string, env: object) => ({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { ...labels, app: 'canary' } } },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          ...{ name: 'main', image: `registry.invalid/none@sha256:${'0'.repeat(64)}`, command: [canary], env: [env] },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  })
  return [
    { question: { method: 'POST', path: secrets, body: secret }, status: 201 },
    { question: { method: 'GET', path: `${secrets}/canary` }, status: 200 },
    {
      question: { method: 'PATCH', path: `${secrets}/canary`, body: { stringData: { value: `${canary}-2` } }, contentType: mergePatch },
      status: 200,
    },
    {
      question: { method: 'POST', path: secrets, body: { ...secret, metadata: { name: 'bad' }, stringData: { [`${canary}!`]: 'x' } } },
      status: 422,
    },
    { question: { method: 'POST', path: configMaps, body: map }, status: 201 },
    { question: { method: 'GET', path: configMaps }, status: 200 },
    {
      question: { method: 'PATCH', path: `${configMaps}/canary`, body: { data: { value: 1, [canary]: canary } }, contentType: mergePatch },
      status: 422,
    },
    { question: { method: 'POST', path: pods, body: pod('canary', { name: 'VALUE', value: canary }) }, status: 201 },
    { question: { method: 'POST', path: pods, body: pod('bad', { name: `${canary}=`, value: canary }) }, status: 422 },
  ]
}

/** An Event as a node or a controller writes it, that quotes the object. */
export function eventStep(namespace: string, kind: 'Pod' | 'Person' | 'Guest' | 'Secret', name: string, canary: string): Step {
  const apiVersion = kind === 'Person' || kind === 'Guest' ? `${group}/v1` : 'v1'
  const body = {
    ...{ apiVersion: 'v1', kind: 'Event', metadata: { name: `${kind.toLowerCase()}-${name}` }, type: 'Warning', reason: 'Failed' },
    involvedObject: { apiVersion, kind, namespace, name },
    message: `cannot start container main: exec "${canary}": no such file`,
  }
  return { question: { method: 'POST', path: coreIn(namespace, 'events'), body }, status: 201 }
}

/** Answers with other codes throw: an attack that does not arrive proves nothing. Returns the audit ids. */
export async function takeSteps(transport: Transport, steps: readonly Step[], signal: AbortSignal): Promise<string[]> {
  const ids: string[] = []
  for (const { question, status } of steps) {
    const answer = await request(transport, question, signal)
    if (answer.status !== status) throw new Error(`${question.method} ${question.path} is answered ${answer.status}: ${answer.message}`)
    ids.push(answer.headers['audit-id'] ?? '')
  }
  return ids
}
