import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conflict, internalError, serviceUnavailable } from '../api/status.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { Client } from '../client/client.ts'
import { pods } from '../client/resources.ts'
import { FakeApi } from '../client/testing/fake-api.ts'
import { FakeClock } from '../client/testing/fake-clock.ts'
import type { ApiRequest, Transport } from '../client/transport/transport.ts'
import { bindPod } from './bind-pod.ts'

/** `before` and `after` run before and after the API processes a request; they may throw what the client gets instead of the answer. */
function withPod(before: (request: ApiRequest, api: FakeApi) => void, after: (request: ApiRequest) => void = () => undefined) {
  const api = new FakeApi()
  const pod = api.seed<Pod>(pods, { metadata: { name: 'p', namespace: 'ns' }, spec: { containers: [] } })
  const clock = new FakeClock()
  const transport: Transport = {
    async request(request, signal) {
      before(request, api)
      const answer = await api.request(request, signal)
      after(request)
      return answer
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
  const bound = () => bindPod(new Client(transport), clock, pod, 'n1', new AbortController().signal)
  return { api, clock, bound }
}

const isBinding = ({ method }: ApiRequest): boolean => method === 'POST'
const lost = (): never => {
  throw new Error('the connection was closed')
}
const asked = ({ requests }: FakeApi): string[] => requests.map(({ method }) => method)

test('bindPod() checks whether the pod is bound if the answer was lost, and succeeds if it is', async () => {
  const { api, bound } = withPod(
    () => undefined,
    request => isBinding(request) && lost(),
  )
  await bound()
  assert.deepEqual(asked(api), ['POST', 'GET'])
})

test('bindPod() fails if the pod has no node or another one, or is another pod', async () => {
  const outcomes: ((api: FakeApi) => void)[] = [
    () => undefined,
    api =>
      api.change(pods, 'ns', 'p', ({ spec }) => {
        spec.nodeName = 'n2'
      }),
    api => {
      api.remove(pods, 'ns', 'p')
      api.seed<Pod>(pods, { metadata: { name: 'p', namespace: 'ns' }, spec: { nodeName: 'n1', containers: [] } })
    },
    api => api.remove(pods, 'ns', 'p'),
  ]
  for (const outcome of outcomes) {
    const { bound } = withPod((request, api) => {
      if (!isBinding(request)) return
      outcome(api)
      throw internalError('broken')
    })
    await assert.rejects(bound(), /broken/)
  }
})

test('bindPod() retries until the API knows the state of the pod', async () => {
  let failures = 3
  const { api, clock, bound } = withPod(
    request => {
      if (isBinding(request) || failures-- <= 0) return
      throw failures === 1 ? serviceUnavailable('it starts') : new Error('nobody listens')
    },
    request => isBinding(request) && lost(),
  )
  let done = false
  const binding = bound().then(() => {
    done = true
  })
  while (!done) await clock.advance(1000)
  await binding
  assert.deepEqual(asked(api), ['POST', 'GET'])
  assert.ok(failures < 0)
})

test('bindPod() trusts a refusal', async () => {
  const { api, bound } = withPod(request => {
    if (isBinding(request)) throw conflict({ group: '', plural: 'pods/binding' }, 'p', 'pod p is already assigned to node "n2"')
  })
  await assert.rejects(bound(), /already assigned/)
  assert.deepEqual(asked(api), [])
})
