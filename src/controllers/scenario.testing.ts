// For tests: runs controllers against an API in memory.
import type { Pod } from '../api/types/core-v1.ts'
import { systemClock } from '../base/clock.ts'
import { createLogger, silentLogger } from '../base/log.ts'
import { createRegistry } from '../base/metrics/metrics.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import { Client } from '../client/client.ts'
import type { ResourceRef } from '../client/resource-ref.ts'
import { pods } from '../client/resources.ts'
import { FakeApi } from '../client/testing/fake-api.ts'
import type { Controller } from './controller.ts'
import { runControllers } from './run-controllers.ts'
import type { ControllerSettings } from './settings.ts'

export interface Scenario extends AsyncDisposable {
  readonly api: FakeApi
  /** Resolves when the condition holds; checked after each write. Fails the test by its timeout. */
  until(condition: () => boolean, what: string): Promise<void>
}

export interface ScenarioOptions {
  readonly controllers: readonly Controller[]
  readonly settings?: Partial<ControllerSettings>
  readonly now?: () => number
  /** Default: how far `now` has advanced. Starts at 0, so that code that mixes up the two clocks fails. */
  readonly monotonic?: () => number
  prepare?(api: FakeApi): void
}

export function startScenario(options: ScenarioOptions): Scenario {
  const api = new FakeApi(options.now ?? (() => Date.now()))
  options.prepare?.(api)
  const stop = new AbortController()
  const began = options.now?.() ?? 0
  const monotonic = options.monotonic ?? (() => (options.now?.() ?? 0) - began)
  const clock = options.now === undefined ? systemClock : { ...systemClock, now: options.now, monotonic }
  const running = runControllers(
    {
      clientFor: () => new Client(api),
      informerClient: new Client(api),
      clock,
      log: process.env['LOG'] === undefined ? silentLogger : createLogger({ level: 'debug' }),
      metrics: createRegistry(),
      random: () => 0,
      rootCa: 'ROOT',
      signCertificate: async () => 'CERTIFICATE',
      controllers: options.controllers,
      ...(options.settings === undefined ? {} : { settings: options.settings }),
    },
    stop.signal,
  )
  return {
    api,
    until,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
      await api[Symbol.asyncDispose]()
    },
  }
}

/** Acts as scheduler and kubelet for each pod that is not running yet. */
export function runPods(api: FakeApi, now = Date.now()): void {
  for (const pod of api.all(pods)) {
    if (pod.metadata.deletionTimestamp !== undefined) api.remove(pods, pod.metadata.namespace ?? '', pod.metadata.name ?? '')
    else if (pod.status?.phase !== 'Running')
      api.change(pods, pod.metadata.namespace ?? '', pod.metadata.name ?? '', object => makeRunning(object, now))
  }
}

export function makeRunning(pod: Pod, now: number): void {
  pod.spec.nodeName = 'n1'
  const lastTransitionTime = new Date(now - 1000).toISOString()
  pod.status = {
    phase: 'Running',
    podIP: '10.244.0.5',
    podIPs: [{ ip: '10.244.0.5' }],
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }],
  }
}

/** Discovery of these resources, for controllers that use it. */
export function serveDiscovery(api: FakeApi, resources: readonly ResourceRef[]): void {
  const byVersion = Map.groupBy(resources, ({ group, version }) => (group === '' ? version : `${group}/${version}`))
  const groups = [...byVersion.keys()].filter(groupVersion => groupVersion.includes('/'))
  api.serve('/apis', { groups: groups.map(groupVersion => ({ preferredVersion: { groupVersion }, versions: [{ groupVersion }] })) })
  api.serve('/api/v1', { resources: [] })
  for (const [groupVersion, list] of byVersion) {
    const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
    const answer = { resources: list.map(({ plural, kind, namespaced }) => ({ name: plural, kind, namespaced, verbs })) }
    api.serve(groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`, answer)
  }
}
