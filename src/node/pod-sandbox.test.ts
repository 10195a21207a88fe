import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SandboxConfig } from './cri/messages.ts'
import { podOf } from './fixture.ts'
import type { PodNode } from './pod-node.ts'
import { createSandbox } from './pod-sandbox.ts'

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

test('createSandbox() takes the handler of the RuntimeClass, the usual one without a class, and none where there is no such class', async () => {
  assert.deepEqual(await made(undefined), { isMade: true, handlers: [''], events: [] })
  assert.deepEqual(await made('sandboxed'), { isMade: true, handlers: ['gvisor'], events: [] })
  const message = 'Failed to create pod sandbox: runtimeclasses.node.k8s.io "gone" not found'
  assert.deepEqual(await made('gone'), { isMade: false, handlers: [], events: [`Warning FailedCreatePodSandBox: ${message}`] })
})

test('createSandbox() runs no pod that wants a user namespace of its own in that of the node', async () => {
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
