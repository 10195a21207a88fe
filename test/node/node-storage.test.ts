// Writes of real containers are counted, pods above their limits are evicted, and what they leave is removed.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { systemClock as clock } from '../../src/base/clock.ts'
import { silentLogger as log } from '../../src/base/log.ts'
import { until } from '../../src/base/testing/wait-until.testing.ts'
import { logFiles } from '../../src/node/container/log-file.ts'
import { removeDeadContainers } from '../../src/node/eviction/dead-containers.ts'
import { diskFacts } from '../../src/node/eviction/disk-facts.ts'
import { DiskPressure } from '../../src/node/eviction/disk-pressure.ts'
import { diskUsage } from '../../src/node/eviction/disk-usage.ts'
import { Evictor } from '../../src/node/eviction/evictor.ts'
import { ImageCollector } from '../../src/node/eviction/image-collector.ts'
import { defaultThresholds } from '../../src/node/eviction/thresholds.ts'
import { ContainerNode, hangMs, isOver, script, skip } from './container-node.ts'

const machine = new ContainerNode()
const signal = AbortSignal.timeout(2 * hangMs)
before(async () => {
  if (skip === false) await machine.start()
})
after(async () => {
  if (skip === false) await machine.remove()
})

const limits = (amount: string) => ({ resources: { limits: { 'ephemeral-storage': amount } } })
const write = (path: string) => script(`dd if=/dev/zero of=${path} bs=1M count=8`, 'sleep 1000')
const greedy: [string, Parameters<ContainerNode['createPod']>[1], string][] = [
  [
    'layer',
    { containers: [{ name: 'c', ...write('/tmp/f'), ...limits('4Mi') }] },
    'Pod ephemeral local storage usage exceeds the total limit of containers 4Mi. ',
  ],
  [
    'log',
    { containers: [{ name: 'c', ...script('yes', 'sleep 1000'), ...limits('2Mi') }] },
    'Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ',
  ],
  [
    'volume',
    {
      volumes: [{ name: 'v', emptyDir: { sizeLimit: '4Mi' } }],
      containers: [{ name: 'c', ...write('/v/f'), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    },
    'Usage of EmptyDir volume "v" exceeds the limit "4Mi". ',
  ],
]
for (const [name, spec, message] of greedy) {
  test(`Evictor ends a pod whose ${name} is larger than it may be, and its volumes are removed`, { skip }, async () => {
    const { directory, containerd, runtime } = machine
    const evictor = new Evictor({
      pressure: new DiskPressure({ facts: () => diskFacts(directory), thresholds: defaultThresholds, clock, log }),
      pods: () => runtime.workers,
      runtime: containerd.runtime,
      images: new ImageCollector({ runtime: containerd.runtime, isPulled: () => false, clock, log }),
      podsDirectory: directory.pods,
      usage: diskUsage,
      nodeEvent: runtime.nodeEvent,
      clock,
      log,
    })
    const created = machine.createPod(name, spec)
    const stop = new AbortController()
    const running = evictor.run(AbortSignal.any([signal, stop.signal]))
    const pod = await machine.until(name, 'over', isOver)
    stop.abort()
    await running
    assert.deepEqual([pod.status?.phase, pod.status?.reason, pod.status?.message], ['Failed', 'Evicted', message])
    assert.equal(existsSync(`${directory.pods}/${created.metadata.uid}`), false)
    await machine.gone(created)
  })
}

test('of a container that crashes two runs are kept, with their logs', { skip }, async () => {
  const { runtime } = machine.containerd
  const created = machine.createPod('crashes', { containers: [{ name: 'c', ...script('exit 1') }] })
  await machine.until('crashes', 'started again and again', ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) >= 2)
  const runs = () => runtime.listContainers({ 'io.kubernetes.pod.name': 'crashes' }, signal)
  await until(async () => (await runs()).length >= 3, 'a third run')
  const paths = await Promise.all((await runs()).map(async ({ id }) => (await runtime.containerStatus(id, signal))?.logPath ?? ''))
  await removeDeadContainers(runtime, () => false, log, signal)
  assert.equal((await runs()).length, 2)
  const left = await Promise.all(paths.map(logFiles))
  assert.equal(left.filter(files => files.length > 0).length, 2)
  await machine.gone(created)
})
