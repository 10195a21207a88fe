// Guesses values by Events: a mark in the place of a text says that it is a value, so only who may read the object may get one.
import { randomBytes } from 'node:crypto'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import type { ProofContext } from '../../proof.ts'
import { mergePatch, type ProofRequest, request, succeeded } from '../../request.ts'
import { create, takeSteps } from './canary-paths.ts'

const rbac = 'rbac.authorization.k8s.io'
/** It writes Events, and may read no object that they are about. */
const writer = 'bulkhead-prove-writer'
const reader = 'bulkhead-prove-reader'

export async function tryEventOracle(
  { attempts }: ProofContext,
  transport: Transport,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  const value = `guessed-${randomBytes(12).toString('hex')}`
  const wrong = `guessed-${randomBytes(12).toString('hex')}`
  const core = `/api/v1/namespaces/${namespace}`
  const events = `${core}/events`
  await takeSteps(
    transport,
    [
      ...grant(namespace, writer, [{ apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['*'] }]),
      ...grant(namespace, reader, [
        { apiGroups: [''], resources: ['events'], verbs: ['*'] },
        { apiGroups: [''], resources: ['secrets', 'pods'], verbs: ['get'] },
      ]),
      create(`${core}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'guessed' }, stringData: { value } }),
      create(`${core}/pods`, podWith('guessed')),
    ],
    signal,
  )
  const eventOf = (kind: string, guess: string) => ({
    ...{ apiVersion: 'v1', kind: 'Event', metadata: { generateName: 'guess-' }, type: 'Warning', reason: 'Failed' },
    ...{ involvedObject: { apiVersion: 'v1', kind, namespace, name: 'guessed' }, message: `the value is "${guess}", is it not` },
  })
  /** The message as it is stored, without what was guessed. */
  const told = async (user: string, guess: string, question: ProofRequest): Promise<string> => {
    const headers = { 'impersonate-user': user, 'impersonate-group': 'system:authenticated' }
    const answer = await request(transport, { ...question, headers }, signal)
    if (!succeeded(answer))
      throw new Error(`${question.method} ${question.path} of ${user} is answered ${answer.status}: ${answer.message}`)
    const { message, note } = asObject(parseJson(answer.text))
    return String(message ?? note).replaceAll(guess, '[guess]')
  }
  const created = (kind: string) => async (guess: string, user: string) =>
    await told(user, guess, { method: 'POST', path: events, body: eventOf(kind, guess) })
  const changed = (method: 'PUT' | 'PATCH') => async (guess: string, user: string) => {
    const body = { ...eventOf('Secret', 'nothing'), metadata: { name: `guess-${randomBytes(4).toString('hex')}` } }
    await takeSteps(transport, [create(events, body)], signal)
    const path = `${events}/${body.metadata.name}`
    const { message } = eventOf('Secret', guess)
    return method === 'PUT'
      ? await told(user, guess, { method, path, body: { ...body, message } })
      : await told(user, guess, { method, path, body: { message }, contentType: mergePatch })
  }
  const noted = async (guess: string, user: string) => {
    const { type, reason, involvedObject, message } = eventOf('Secret', guess)
    const body = {
      ...{ apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { generateName: 'guess-' }, type, reason, action: 'Guess' },
      ...{ regarding: involvedObject, note: message, reportingController: 'prove', reportingInstance: 'prove' },
      eventTime: '2026-01-01T00:00:00.000000Z',
    }
    return await told(user, guess, { method: 'POST', path: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`, body })
  }
  const ways: readonly (readonly [name: string, way: (guess: string, user: string) => Promise<string>])[] = [
    ['a new Event about the Secret', created('Secret')],
    ['a new Event about a pod that takes it', created('Pod')],
    ['an Event that is replaced', changed('PUT')],
    ['an Event that is patched', changed('PATCH')],
    ['an Event of events.k8s.io', noted],
  ]
  for (const [name, way] of ways) {
    const [right, other] = [await way(value, writer), await way(wrong, writer)]
    attempts.record({
      ...{ name: `a guess of a value by ${name}`, sent: 'the value, and another text', expected: 'the same message for both' },
      ...{ answered: right === other ? 'the same' : `"${right}" and "${other}"`, held: right === other },
    })
  }
  for (const kind of ['Secret', 'Pod']) {
    const [right, other] = [await created(kind)(value, reader), await created(kind)(wrong, reader)]
    const held = !right.includes('[guess]') && other.includes('[guess]')
    attempts.record({
      ...{ name: `an Event about the ${kind} by who may read the value`, sent: 'the value, and another text' },
      ...{ expected: 'a mark in the place of the value alone', answered: `"${right}" and "${other}"`, held },
    })
  }
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> => (isJsonObject(value) ? value : {})

const grant = (namespace: string, user: string, rules: readonly object[]) => {
  const path = `/apis/${rbac}/v1/namespaces/${namespace}`
  const roleRef = { apiGroup: rbac, kind: 'Role', name: user }
  const subjects = [{ apiGroup: rbac, kind: 'User', name: user }]
  return [
    create(`${path}/roles`, { metadata: { name: user }, rules }),
    create(`${path}/rolebindings`, { metadata: { name: user }, roleRef, subjects }),
  ]
}

const podWith = (secret: string) => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'guessed' } },
  spec: {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        ...{ name: 'main', image: `registry.invalid/none@sha256:${'0'.repeat(64)}` },
        env: [{ name: 'VALUE', valueFrom: { secretKeyRef: { name: secret, key: 'value' } } }],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
})
