import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import type { SandboxConfig } from '../cri/messages.ts'
import { podOf } from '../pod/fixture.ts'
import type { PodNode } from './pod-node.ts'
import { createSandbox, joinNetwork } from './pod-sandbox.ts'

async function made(runtimeClassName: string | undefined) {
  const handlers: string[] = []
  const events: string[] = []
  const node = {
    userNamespaces: true,
    host: { makeLogDirectory: async () => undefined },
    runtime: { runSandbox: async (_config: SandboxConfig, handler: string) => handlers.push(handler) },
    runtimeHandler: async (className: string) => {
      if (className !== 'sandboxed') throw new Error(`runtimeclasses.node.k8s.io "${className}" not found`)
      return 'gvisor'
    },
    event: (_pod: unknown, _container: unknown, type: string, reason: string, message: string) =>
      events.push(`${type} ${reason}: ${message}`),
  } as unknown as PodNode
  const pod = podOf(runtimeClassName === undefined ? {} : { runtimeClassName })
  const isMade = await createSandbox({ node, pod, logDirectory: '/x' }, {} as SandboxConfig, AbortSignal.timeout(60_000))
  return { isMade, handlers, events }
}

test('createSandbox() uses the handler of the RuntimeClass, the default without a class, and fails for an unknown class', async () => {
  assert.deepEqual(await made(undefined), { isMade: true, handlers: [''], events: [] })
  assert.deepEqual(await made('sandboxed'), { isMade: true, handlers: ['gvisor'], events: [] })
  const message = 'Failed to create pod sandbox: runtimeclasses.node.k8s.io "gone" not found'
  assert.deepEqual(await made('gone'), { isMade: false, handlers: [], events: [`Warning FailedCreatePodSandBox: ${message}`] })
})

test("createSandbox() runs no pod in the node's user namespace if it requires its own", async () => {
  const ran: SandboxConfig[] = []
  const messages: string[] = []
  const node = {
    userNamespaces: false,
    host: { makeLogDirectory: async () => undefined },
    runtime: { runSandbox: async (config: SandboxConfig) => ran.push(config) },
    event: (_pod: unknown, _container: unknown, _type: string, _reason: string, message: string) => messages.push(message),
  } as unknown as PodNode
  const pod = podOf({ hostUsers: false })
  assert.equal(await createSandbox({ node, pod, logDirectory: '/x' }, {} as SandboxConfig, AbortSignal.timeout(60_000)), false)
  assert.deepEqual(ran, [])
  assert.match(messages.join(), /this node does not support user namespaces/)
})

function linked(open: () => Promise<void>) {
  const events: string[] = []
  const clock = new FakeClock()
  const event = (_pod: unknown, _container: unknown, type: string, reason: string, message: string) =>
    events.push(`${type} ${reason}: ${message}`)
  const node = { name: 'n1', clock, links: { open }, event } as unknown as PodNode
  return { events, clock, join: () => joinNetwork(node, podOf({}), '10.244.0.5', AbortSignal.timeout(60_000)) }
}

test("joinNetwork() reports an event only while the kernel lacks the pod's rules", async () => {
  const rules = Promise.withResolvers<void>()
  const late = linked(() => rules.promise)
  const joined = late.join()
  await late.clock.advance(2999)
  assert.deepEqual(late.events, [])
  await late.clock.advance(1)
  assert.match(
    late.events.join('\n'),
    /^Warning NetworkNotReady: .* condition bulkhead.dev\/NetworkPolicyEnforced of node "n1" says why they are not$/,
  )
  rules.resolve()
  assert.equal(await joined, true)
  const soon = linked(() => Promise.resolve())
  assert.equal(await soon.join(), true)
  assert.deepEqual([soon.events, soon.clock.sleepers], [[], 0])
  const never = linked(() => Promise.reject(new Error('no route')))
  assert.equal(await never.join(), false)
  assert.deepEqual(never.events, ['Warning NetworkNotReady: network policies are not in force for the pod: no route'])
})
