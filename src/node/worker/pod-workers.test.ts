import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeDomainLabel, podDomainAnnotation } from '../../api/pods/trust-domain.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { until as untilSeen } from '../../base/testing/wait-until.testing.ts'
import { events, leases, nodes, pods, secrets } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import type { Transport } from '../../client/transport/transport.ts'
import { simulatedMark } from '../registration/node-object.ts'
import { runSimulatedNode } from '../simulated-node.ts'

async function withNode(
  work: (api: FakeApi, until: (what: string, holds: () => boolean | undefined) => Promise<void>) => Promise<void>,
  range: { readonly podRange?: string } = { podRange: '10.244.0.0/24' },
  api = new FakeApi(() => Date.now()),
): Promise<void> {
  const stop = new AbortController()
  const running = runSimulatedNode(
    { transport: api, name: 'n1', clock: systemClock, log: silentLogger, random: Math.random, delays: {}, ...range },
    stop.signal,
  )
  const until = (what: string, holds: () => boolean | undefined) =>
    untilSeen(holds, () => `${what}; pods: ${JSON.stringify(api.all(pods).map(({ status }) => status))}`)
  try {
    await work(api, until)
  } finally {
    stop.abort()
    await running
  }
}

const podOf = (name: string, spec: Partial<Pod['spec']> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { nodeName: 'n1', terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'r.example/a:1' }], ...spec },
})
const isReady = (pod: Pod | undefined) => pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')

test('runSimulatedNode() registers a marked, ready node with its lease, and reports NotReady when it stops', async () => {
  let seen: FakeApi | undefined
  await withNode(async (api, until) => {
    seen = api
    await until('a ready node', () =>
      api.read(nodes, '', 'n1')?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    )
    const node = api.read(nodes, '', 'n1')
    assert.equal(node?.metadata.labels?.[simulatedMark], 'true')
    assert.equal(node?.metadata.labels?.['kubernetes.io/hostname'], 'n1')
    assert.match(node?.status?.nodeInfo?.kubeletVersion ?? '', /^v1\.33\.\d+\+bulkhead$/)
    const lease = api.read(leases, 'kube-node-lease', 'n1')
    assert.equal(lease?.spec?.holderIdentity, 'n1')
    assert.deepEqual(lease?.metadata.ownerReferences, [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: node?.metadata.uid }])
  })
  const ready = seen?.read(nodes, '', 'n1')?.status?.conditions?.find(({ type }) => type === 'Ready')
  assert.equal(ready?.status, 'False')
})

test('a pod waits for the range that the control plane assigns to the node, and gets an address of it', async () => {
  await withNode(async (api, until) => {
    api.seed(pods, podOf('a'))
    api.seed(pods, podOf('of-the-host', { hostNetwork: true }))
    await until('the pod that needs no address', () => isReady(api.read(pods, 'default', 'of-the-host')))
    assert.ok(!isReady(api.read(pods, 'default', 'a')))
    api.change(nodes, '', 'n1', node => {
      node.spec = { ...node.spec, podCIDR: '10.9.8.0/24' }
    })
    await until('ready', () => isReady(api.read(pods, 'default', 'a')))
    assert.equal(api.read(pods, 'default', 'a')?.status?.podIP, '10.9.8.2')
  }, {})
})

test('a pod runs, is marked as simulated, and its object is removed after its deletion', async () => {
  await withNode(async (api, until) => {
    api.seed(pods, podOf('a'))
    await until('ready', () => isReady(api.read(pods, 'default', 'a')))
    const pod = api.read(pods, 'default', 'a')
    assert.equal(pod?.status?.phase, 'Running')
    assert.match(pod?.status?.podIP ?? '', /^10\.244\./)
    assert.equal(pod?.status?.conditions?.find(({ type }) => type === simulatedMark)?.status, 'True')
    await until('events', () => api.all(events).length >= 4)
    assert.deepEqual(
      api.all(events).map(({ reason }) => reason),
      ['Pulling', 'Pulled', 'Created', 'Started'],
    )
    api.change(pods, 'default', 'a', object => {
      object.metadata.deletionTimestamp = new Date().toISOString()
      object.metadata.deletionGracePeriodSeconds = 0
    })
    await until('gone', () => api.read(pods, 'default', 'a') === undefined)
    await until('reported', () => api.all(events).some(({ reason, message }) => reason === 'Killing' && message === 'Stopping container c'))
  })
})

test('a pod that the control plane marked NotReady while its node was silent is reported ready again', async () => {
  await withNode(async (api, until) => {
    api.seed(pods, podOf('a'))
    await until('ready', () => isReady(api.read(pods, 'default', 'a')))
    for (let round = 0; round < 2; round++) {
      api.change(pods, 'default', 'a', ({ status }) => {
        for (const condition of status?.conditions ?? []) if (condition.type === 'Ready') condition.status = 'False'
      })
      await until('ready again', () => isReady(api.read(pods, 'default', 'a')))
    }
  })
})

test("a pod's first status arrives before later ones, however slow the server is", async () => {
  const api = new FakeApi(() => Date.now())
  const stop = new AbortController()
  const gate = Promise.withResolvers<void>()
  let held = false
  const slow: Transport = {
    async request(request, signal) {
      if (!held && request.method === 'PATCH' && request.path.endsWith('/pods/a/status')) {
        held = true
        await gate.promise
      }
      return api.request(request, signal)
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
  const running = runSimulatedNode(
    { transport: slow, name: 'n1', clock: systemClock, log: silentLogger, random: Math.random, delays: {}, podRange: '10.244.0.0/24' },
    stop.signal,
  )
  try {
    api.seed(pods, podOf('a'))
    await untilSeen(() => api.all(events).some(({ reason }) => reason === 'Started'), 'a container')
    // A later status would have arrived by now.
    for (let turn = 0; turn < 200; turn++) await new Promise(resolve => setImmediate(resolve))
    gate.resolve()
    await untilSeen(() => isReady(api.read(pods, 'default', 'a')) === true, 'ready')
    const reported = api.requests.flatMap(({ method, path, body }) =>
      method === 'PATCH' && path.endsWith('/pods/a/status') ? [(body as Pod).status?.phase] : [],
    )
    assert.deepEqual(reported, ['Pending', 'Running'])
  } finally {
    gate.resolve()
    stop.abort()
    await running
  }
})

test('init containers run in order and a job ends', async () => {
  await withNode(async (api, until) => {
    const command = ['sh', '-c', 'exit 0']
    api.seed(
      pods,
      podOf('job', {
        restartPolicy: 'Never',
        initContainers: [
          { name: 'i1', image: 'r.example/a:1', command },
          { name: 'i2', image: 'r.example/a:1', command },
        ],
        containers: [{ name: 'c', image: 'r.example/a:1', command }],
      }),
    )
    await until('succeeded', () => api.read(pods, 'default', 'job')?.status?.phase === 'Succeeded')
    const started = () => api.all(events).filter(({ reason }) => reason === 'Started')
    await until('events', () => started().length === 3)
    assert.deepEqual(
      started().map(({ message }) => message),
      ['Started container i1', 'Started container i2', 'Started container c'],
    )
  })
})

test('a crashing container is restarted once at once and then with back-off', async () => {
  await withNode(async (api, until) => {
    api.seed(pods, podOf('crash', { containers: [{ name: 'c', image: 'r.example/a:1', command: ['sh', '-c', 'exit 2'] }] }))
    const status = () => api.read(pods, 'default', 'crash')?.status?.containerStatuses?.[0]
    await until('back-off', () => status()?.state?.waiting?.reason === 'CrashLoopBackOff')
    assert.equal(status()?.restartCount, 1)
    assert.equal(status()?.lastState?.terminated?.exitCode, 2)
  })
})

test('a pod waits for a missing Secret of its volume', async () => {
  await withNode(async (api, until) => {
    api.seed(pods, podOf('waits', { volumes: [{ name: 'v', secret: { secretName: 's' } }] }))
    await until('reported', () => api.all(events).some(({ reason }) => reason === 'FailedMount'))
    assert.equal(api.all(events)[0]?.message, 'MountVolume.SetUp failed for volume "v" : secret "s" not found')
    assert.equal(api.read(pods, 'default', 'waits')?.status?.phase ?? 'Pending', 'Pending')
    api.seed(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'default' } })
    await until('ready', () => isReady(api.read(pods, 'default', 'waits')))
  })
})

test('a pod of another node is ignored', async () => {
  await withNode(async (api, until) => {
    api.seed(pods, podOf('elsewhere', { nodeName: 'n2' }))
    api.seed(pods, podOf('here'))
    await until('ready', () => isReady(api.read(pods, 'default', 'here')))
    assert.equal(api.read(pods, 'default', 'elsewhere')?.status, undefined)
  })
})

test('a node starts no pod of another trust domain, for any binder, and reads its own domain again', async () => {
  await withNode(async (api, until) => {
    const of = (name: string, domain: string): Pod => {
      const pod = podOf(name)
      return { ...pod, metadata: { ...pod.metadata, annotations: { [podDomainAnnotation]: domain } } }
    }
    await until('the node', () => api.read(nodes, '', 'n1') !== undefined)
    api.seed(pods, of('strange', 'red'))
    await until('the refusal', () => api.read(pods, 'default', 'strange')?.status?.phase === 'Failed')
    const { status } = api.read(pods, 'default', 'strange') ?? {}
    assert.equal(status?.reason, 'TrustDomain')
    assert.equal(status?.message, 'the pod is of trust domain "red", node "n1" of no trust domain')
    api.change(nodes, '', 'n1', node => {
      node.metadata.labels = { ...node.metadata.labels, [nodeDomainLabel]: 'red' }
    })
    api.seed(pods, of('own', 'red'))
    await until('the pod of the domain', () => isReady(api.read(pods, 'default', 'own')))
    api.seed(pods, podOf('open'))
    await until('the refusal of a pod without domain', () => api.read(pods, 'default', 'open')?.status?.reason === 'TrustDomain')
  })
})

test('a pod becomes unready when its readiness gate turns false, and the node leaves the gate to its owner', async () => {
  await withNode(async (api, until) => {
    const set = (status: string) =>
      api.change(pods, 'default', 'gated', pod => {
        const others = pod.status?.conditions?.filter(({ type }) => type !== 'example.com/gate') ?? []
        pod.status = { ...pod.status, conditions: [...others, { type: 'example.com/gate', status }] }
      })
    const gateOf = () => api.read(pods, 'default', 'gated')?.status?.conditions?.find(({ type }) => type === 'example.com/gate')?.status
    api.seed(pods, podOf('gated', { readinessGates: [{ conditionType: 'example.com/gate' }] }))
    await until('running', () => api.read(pods, 'default', 'gated')?.status?.phase === 'Running')
    assert.equal(isReady(api.read(pods, 'default', 'gated')), false)
    set('True')
    await until('ready', () => isReady(api.read(pods, 'default', 'gated')))
    set('False')
    await until('not ready', () => isReady(api.read(pods, 'default', 'gated')) === false)
    assert.equal(gateOf(), 'False')
  })
})

test('a node starts no pod whose host port or resources another pod has, and starts it when the other has ended', async () => {
  await withNode(async (api, until) => {
    const ports = [{ containerPort: 80, hostPort: 8080 }]
    const container = { name: 'c', image: 'r.example/a:1', ports, resources: { requests: { cpu: '3' } } }
    const status = (name: string) => api.read(pods, 'default', name)?.status
    api.seed(pods, podOf('first', { containers: [container] }))
    await until('ready', () => isReady(api.read(pods, 'default', 'first')))
    api.seed(pods, podOf('greedy', { containers: [{ ...container, ports: [] }] }))
    api.seed(pods, podOf('port', { containers: [{ ...container, resources: {} }] }))
    await until('two refusals', () => status('greedy')?.phase === 'Failed' && status('port')?.phase === 'Failed')
    assert.equal(status('greedy')?.reason, 'OutOfcpu')
    assert.equal(status('port')?.reason, 'NodePorts')
    await until('events', () => api.all(events).some(({ reason, type }) => reason === 'NodePorts' && type === 'Warning'))
    api.change(pods, 'default', 'first', pod => {
      pod.metadata.deletionTimestamp = new Date().toISOString()
      pod.metadata.deletionGracePeriodSeconds = 0
    })
    await until('gone', () => api.read(pods, 'default', 'first') === undefined)
    api.seed(pods, podOf('next', { containers: [container] }))
    await until('the port is free', () => isReady(api.read(pods, 'default', 'next')))
    // Removed from the API at once, as with grace period 0: its resources are free, though the node has not stopped it yet.
    api.remove(pods, 'default', 'next')
    api.seed(pods, podOf('last', { containers: [container] }))
    await until('room for the last', () => isReady(api.read(pods, 'default', 'last')))
  })
})

test('a running pod is resized without a restart, waits if the node lacks resources, and asks for no more than the node has', async () => {
  await withNode(async (api, until) => {
    const containers = (cpu: string) => [{ name: 'c', image: 'r.example/a:1', resources: { requests: { cpu } } }]
    const resize = (cpu: string) =>
      api.change(pods, 'default', 'a', pod => {
        pod.spec.containers = containers(cpu)
      })
    const status = () => api.read(pods, 'default', 'a')?.status
    const reported = () => status()?.containerStatuses?.[0]?.resources?.requests?.['cpu']
    const pending = () => status()?.conditions?.find(({ type }) => type === 'PodResizePending')
    api.seed(pods, podOf('a', { containers: containers('1') }))
    api.seed(pods, podOf('b', { containers: containers('1') }))
    await until('ready', () => isReady(api.read(pods, 'default', 'a')) && isReady(api.read(pods, 'default', 'b')))
    resize('2')
    await until('more', () => reported() === '2')
    resize('8')
    await until('never', () => pending()?.reason === 'Infeasible')
    assert.equal(reported(), '2')
    resize('3500m')
    await until('later', () => pending()?.reason === 'Deferred')
    assert.equal(status()?.containerStatuses?.[0]?.allocatedResources?.['cpu'], '2')
    api.change(pods, 'default', 'b', pod => {
      pod.metadata.deletionTimestamp = new Date().toISOString()
      pod.metadata.deletionGracePeriodSeconds = 0
    })
    await until('now', () => reported() === '3500m' && pending() === undefined)
    assert.equal(status()?.containerStatuses?.[0]?.restartCount, 0)
  })
})

test('a pod that requests more than its node has keeps its granted resources after a restart, and takes none from others', async () => {
  const api = new FakeApi(() => Date.now())
  const containers = (cpu: string, image = 'r.example/a:1') => [{ name: 'c', image, resources: { requests: { cpu } } }]
  const status = (name: string) => api.read(pods, 'default', name)?.status
  const container = () => status('a')?.containerStatuses?.[0]
  const waits = () => status('a')?.conditions?.some(({ type, reason }) => type === 'PodResizePending' && reason === 'Deferred')
  const ask = (cpu: string, image?: string) =>
    api.change(pods, 'default', 'a', pod => {
      pod.spec.containers = containers(cpu, image)
    })
  await withNode(
    async (_, until) => {
      api.seed(pods, podOf('a', { containers: containers('1') }))
      api.seed(pods, podOf('b', { containers: containers('2') }))
      await until('ready', () => isReady(api.read(pods, 'default', 'a')) && isReady(api.read(pods, 'default', 'b')))
      ask('3')
      await until('later', waits)
      api.seed(pods, podOf('c', { containers: containers('1') }))
      await until('room', () => isReady(api.read(pods, 'default', 'c')) || status('c')?.phase === 'Failed')
      assert.equal(status('c')?.phase, 'Running')
      ask('3', 'r.example/a:2')
      await until('started anew', () => container()?.restartCount === 1 && container()?.ready === true)
      assert.equal(container()?.resources?.requests?.['cpu'], '1')
      assert.equal(waits(), true)
    },
    undefined,
    api,
  )
  // The machine restarts with an empty runtime, after the control plane has noticed its absence.
  for (const name of ['a', 'b', 'c']) {
    api.change(pods, 'default', name, ({ status }) => {
      for (const condition of status?.conditions ?? []) if (condition.type === 'Ready') condition.status = 'False'
    })
  }
  await withNode(
    async (_, until) => {
      await until('ready again', () => ['a', 'b', 'c'].every(name => isReady(api.read(pods, 'default', name))) && waits())
      assert.equal(container()?.resources?.requests?.['cpu'], '1')
    },
    undefined,
    api,
  )
})

test('a running container is restarted for resources whose resizePolicy requires it', async () => {
  await withNode(async (api, until) => {
    const containers = (memory: string) => [
      {
        name: 'c',
        image: 'r.example/a:1',
        resources: { requests: { memory } },
        resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }],
      },
    ]
    const container = () => api.read(pods, 'default', 'a')?.status?.containerStatuses?.[0]
    api.seed(pods, podOf('a', { containers: containers('1Gi') }))
    await until('ready', () => isReady(api.read(pods, 'default', 'a')))
    api.change(pods, 'default', 'a', pod => {
      pod.spec.containers = containers('2Gi')
    })
    await until('restarted', () => container()?.restartCount === 1 && container()?.ready === true)
    assert.equal(container()?.resources?.requests?.['memory'], '2Gi')
  })
})

test("no container of a pod for another operating system starts, and the pod fails with the kubelet's reason", async () => {
  await withNode(async (api, until) => {
    api.seed(pods, podOf('foreign', { os: { name: 'windows' } }))
    await until('failed', () => api.read(pods, 'default', 'foreign')?.status?.phase === 'Failed')
    const status = api.read(pods, 'default', 'foreign')?.status
    assert.equal(status?.reason, 'PodOSNotSupported')
    assert.equal(status?.message, "Pod was rejected: Failed to admit pod as the OS field doesn't match node OS")
    await until('the event', () => api.all(events).some(({ reason }) => reason === 'PodOSNotSupported'))
    assert.deepEqual(
      api.all(events).filter(({ reason }) => reason === 'Created'),
      [],
    )
  })
})
