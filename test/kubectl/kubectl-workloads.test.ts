// kubectl's commands around workloads and nodes: rollout, scale, expose, set, debug, wait, drain, and what is deleted with what
// (upstream's test/cmd/apps.sh, core.sh, batch.sh, debug.sh, wait.sh, node-management.sh).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { noKubectl, until } from '../cluster.ts'
import { KubectlSession, podOf } from './kubectl-session.ts'

const workload = (kind: string, name: string, image: string, spec: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image, ports: [{ containerPort: 80 }] }] } },
    ...spec,
  },
})

describe('kubectl on workloads', { skip: noKubectl }, () => {
  let session: KubectlSession
  const kubectl = (...args: string[]) => session.kubectl(...args)
  const image = (target: string) => session.read(target, '{.spec.template.spec.containers[*].image}')

  before(async () => {
    session = await KubectlSession.start({ simulatedNodes: 2 })
    await session.enter('work')
  })
  after(async () => {
    await session?.[Symbol.asyncDispose]()
  })

  const kinds: readonly [kind: string, spec: object][] = [
    ['Deployment', { replicas: 2 }],
    ['DaemonSet', {}],
    ['StatefulSet', { replicas: 1, serviceName: 'none' }],
  ]
  for (const [kind, spec] of kinds) {
    test(`rolls a ${kind} out, back and out again`, async () => {
      const name = `roll-${kind.toLowerCase()}`
      const target = `${kind.toLowerCase()}/${name}`
      await kubectl('apply', '-f', session.file(`${name}.yaml`, workload(kind, name, 'example.com/app:1', spec)))
      await kubectl('rollout', 'status', target, '--timeout=150s')
      await kubectl('apply', '-f', session.file(`${name}.yaml`, workload(kind, name, 'example.com/app:2', spec)))
      await kubectl('rollout', 'status', target, '--timeout=150s')
      assert.match(await kubectl('rollout', 'history', target), /^1 [\s\S]*^2 /m)
      assert.match(await kubectl('rollout', 'history', target, '--revision=1'), /example\.com\/app:1/)
      await kubectl('rollout', 'undo', target, '--dry-run=server')
      assert.equal(await image(target), 'example.com/app:2')
      await kubectl('rollout', 'undo', target, '--to-revision=1')
      assert.equal(await image(target), 'example.com/app:1')
      assert.match(
        await session.refused('rollout', 'undo', target, '--to-revision=1000000'),
        /unable to find (specified|the specified) revision|unable to find/,
      )
      await kubectl('rollout', 'status', target, '--timeout=150s')
      await kubectl('rollout', 'undo', target)
      assert.equal(await image(target), 'example.com/app:2')
      await kubectl('rollout', 'restart', target)
      assert.match(await session.read(target, '{.spec.template.metadata.annotations}'), /restartedAt/)
      await kubectl('rollout', 'status', target, '--timeout=150s')
      await kubectl('delete', target)
    })
  }

  test('a paused Deployment is neither rolled back nor restarted', async () => {
    await kubectl('create', 'deployment', 'paused', '--image=example.com/app:1')
    await kubectl('rollout', 'pause', 'deployment/paused')
    assert.match(await session.refused('rollout', 'undo', 'deployment/paused'), /paused/)
    assert.match(await session.refused('rollout', 'restart', 'deployment/paused'), /paused/)
    await kubectl('rollout', 'resume', 'deployment/paused')
    await kubectl('delete', 'deployment', 'paused')
  })

  test('set changes images, environment, resources, accounts and selectors, and counts generations', async () => {
    await kubectl('apply', '-f', session.file('set.yaml', workload('Deployment', 'set', 'example.com/app:1', { replicas: 0 })))
    await kubectl('create', 'configmap', 'settings', '--from-literal=key-1=a')
    const steps = [
      ['image', 'deployment/set', '*=example.com/app:3'],
      ['env', 'deployment/set', 'A=b'],
      ['env', 'deployment/set', '--from=configmap/settings'],
      ['resources', 'deployment/set', '--limits=cpu=200m,memory=512Mi', '--requests=cpu=100m'],
      ['serviceaccount', 'deployment/set', 'other'],
    ]
    for (const [index, step] of steps.entries()) {
      await kubectl('set', ...step, '--dry-run=server')
      assert.equal(await session.read('deployment/set', '{.metadata.generation}'), String(index + 1))
      await kubectl('set', ...step)
      assert.equal(await session.read('deployment/set', '{.metadata.generation}'), String(index + 2), step.join(' '))
    }
    assert.match(await kubectl('set', 'env', 'deployment/set', '--list'), /A=b\n# KEY_1 from configmap settings, key key-1/)
    await kubectl('create', 'service', 'clusterip', 'set', '--tcp=80')
    await kubectl('set', 'selector', 'service/set', 'role=padawan')
    assert.equal(await session.read('service/set', '{.spec.selector}'), '{"role":"padawan"}')
    assert.match(await session.refused('set', 'selector', 'service/set', 'a=b', '--resource-version=1'), /Conflict/)
  })

  test('scales, exposes and autoscales', async () => {
    await kubectl('apply', '-f', session.file('scale.yaml', workload('ReplicaSet', 'scale', 'example.com/app:1', { replicas: 1 })))
    assert.match(await session.refused('scale', 'rs/scale', '--current-replicas=3', '--replicas=2'), /Expected replicas to be 3, was 1/)
    await kubectl('scale', 'rs/scale', '--current-replicas=1', '--replicas=2', '--timeout=150s')
    await session.untilReads('rs/scale', '{.status.readyReplicas}', '2')
    await kubectl('expose', 'rs/scale', '--port=80', '--target-port=8080')
    assert.equal(
      await session.read('service/scale', '{.spec.ports[0].port} {.spec.ports[0].targetPort} {.spec.selector.app}'),
      '80 8080 scale',
    )
    await session.untilReads('endpoints/scale', '{.subsets[*].ports[*].port}', '8080')
    await kubectl('autoscale', 'rs/scale', '--min=2', '--max=3', '--cpu-percent=70')
    const metric = '{.spec.minReplicas} {.spec.maxReplicas} {.spec.metrics[0].resource.target.averageUtilization}'
    assert.equal(await session.read('hpa/scale', metric), '2 3 70')
    assert.equal(await session.read('hpa.v2.autoscaling/scale', '{.apiVersion}'), 'autoscaling/v2')
    await kubectl('delete', 'hpa/scale', 'service/scale', 'rs/scale')
  })

  const cascades: readonly [cascade: string, left: string][] = [
    ['background', ''],
    ['foreground', ''],
    ['orphan', 'replicaset'],
  ]
  for (const [cascade, left] of cascades) {
    test(`delete --cascade=${cascade} leaves ${left === '' ? 'nothing' : `the ${left}`}`, async () => {
      const name = `cascade-${cascade}`
      await kubectl('create', 'deployment', name, '--image=example.com/app')
      await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=150s')
      await kubectl('delete', 'deployment', name, `--cascade=${cascade}`)
      if (left === '') {
        await session.untilReads(`rs,pods -l app=${name}`, '{.items[*].kind}', '')
        return
      }
      assert.equal(await session.read(`rs,pods -l app=${name}`, '{.items[*].kind}'), 'ReplicaSet Pod')
      assert.equal(await session.read(`rs -l app=${name}`, '{.items[*].metadata.ownerReferences}'), '')
      await kubectl('delete', 'rs', '-l', `app=${name}`)
    })
  }

  test('deletes pods with --now, --force and by selector, and waits for their end', async () => {
    for (const flags of [['--now'], ['--grace-period=0', '--force'], ['--grace-period=1']]) {
      await kubectl('run', 'gone', '--image=example.com/app')
      await kubectl('wait', '--for=condition=Ready', 'pod/gone', '--timeout=150s')
      await kubectl('delete', 'pod', 'gone', ...flags)
      await session.untilReads('pods -l run=gone', '{.items[*].metadata.name}', '')
    }
    assert.match(await session.refused('delete', 'pods'), /resource\(s\) were provided, but no name/)
    await kubectl('run', 'one', '--image=example.com/app', '-l', 'set=one')
    await kubectl('run', 'two', '--image=example.com/app', '-l', 'set=two')
    await kubectl('delete', 'pods', '-l', 'set in (one)')
    assert.equal(await session.read('pods -l set', '{.items[*].metadata.name}'), 'two')
    await kubectl('delete', 'pods', '--all')
  })

  test('waits for creation, a condition, a field, deletion, and no longer than requested', async () => {
    const created = kubectl('wait', '--for=create', 'deployment/late', '--timeout=150s')
    await kubectl('create', 'deployment', 'late', '--image=example.com/app')
    assert.equal(await created, 'deployment.apps/late condition met\n')
    await kubectl('wait', '--for=condition=Available', 'deployment/late', '--timeout=150s')
    await kubectl('wait', '--for=jsonpath={.status.readyReplicas}=1', 'deployment/late', '--timeout=150s')
    assert.match(
      await session.refused('wait', '--for=condition=Never', 'deployment/late', '--timeout=1s'),
      /timed out waiting for the condition/,
    )
    // Whether or not it is gone before the wait begins.
    const deleted = kubectl('wait', '--for=delete', 'deployment/late', '--timeout=150s')
    await kubectl('delete', 'deployment', 'late')
    await deleted
  })

  test('debugs by an ephemeral container, a copy, and on a node, with every profile', async () => {
    await kubectl('run', 'target', '--image=example.com/app')
    await kubectl('debug', 'target', '--image=example.com/tools', '-c', 'tools', '--attach=false', '--profile=general')
    assert.equal(await session.read('pod/target', '{.spec.ephemeralContainers[*].name}'), 'tools')
    assert.equal(await session.read('pod/target', '{.spec.ephemeralContainers[0].securityContext.capabilities.add}'), '["SYS_PTRACE"]')
    await kubectl('debug', 'target', '--image=example.com/tools', '-c', 'tools', '--copy-to=copy', '--share-processes', '--attach=false')
    assert.equal(
      await session.read('pod/copy', '{.spec.containers[*].image} {.spec.shareProcessNamespace}'),
      'example.com/app example.com/tools true',
    )
    await kubectl('delete', 'pod', 'target', 'copy', '--now')
    for (const profile of ['general', 'baseline', 'restricted', 'netadmin', 'sysadmin']) {
      const said = await kubectl('debug', 'node/node-1', '--image=example.com/tools', '--attach=false', `--profile=${profile}`)
      const [name = ''] = said.match(/node-debugger-\S+/) ?? []
      assert.equal(await session.read(`pod/${name}`, '{.spec.nodeName}'), 'node-1')
      await kubectl('delete', 'pod', name, '--now')
    }
  })

  test('taints, cordons and drains a node: daemons stay, budgets are honoured', async () => {
    await kubectl('taint', 'node', 'node-2', 'dedicated=foo:PreferNoSchedule')
    assert.match(
      await session.read('node/node-2', '{.spec.taints}'),
      /"key":"dedicated","value":"foo"|"effect":"PreferNoSchedule","key":"dedicated"/,
    )
    await kubectl('taint', 'node', 'node-2', 'dedicated-')
    await kubectl('apply', '-f', session.file('daemon.yaml', workload('DaemonSet', 'daemon', 'example.com/app')))
    await kubectl('rollout', 'status', 'daemonset/daemon', '--timeout=150s')
    const held = { ...podOf('held'), spec: { nodeName: 'node-2', containers: [{ name: 'app', image: 'example.com/app' }] } }
    await kubectl('create', '-f', session.file('held.yaml', held))
    await kubectl('wait', '--for=condition=Ready', 'pod/held', '--timeout=150s')
    await kubectl('create', 'pdb', 'held', '--selector=app=held', '--min-available=1')
    await session.untilReads('pdb/held', '{.status.currentHealthy}', '1')
    assert.match(await session.refused('drain', 'node-2'), /cannot delete/)
    const refusal = "Cannot evict pod as it would violate the pod's disruption budget"
    await session.printed(refusal, 'drain', 'node-2', '--ignore-daemonsets', '--force')
    await kubectl('delete', 'pdb', 'held')
    assert.match(await kubectl('drain', 'node-2', '--ignore-daemonsets', '--force', '--timeout=150s'), /node\/node-2 drained/)
    assert.equal(await session.read('node/node-2', '{.spec.unschedulable}'), 'true')
    await until(
      'the daemon is still there',
      async () => (await kubectl('get', 'pods', '-l', 'app=daemon', '-o', 'name')).trim().split('\n').length === 2,
    )
    await kubectl('uncordon', 'node-2')
    assert.match(await kubectl('uncordon', 'node-2'), /already uncordoned/)
    await kubectl('delete', 'daemonset', 'daemon')
  })

  test('runs Jobs, from a CronJob too', async () => {
    await kubectl('create', 'cronjob', 'tick', '--schedule=0 0 1 1 *', '--image=example.com/app', '--', 'true')
    await kubectl('create', 'job', 'now', '--from=cronjob/tick')
    assert.equal(await session.read('job/now', '{.metadata.annotations.cronjob\\.kubernetes\\.io/instantiate}'), 'manual')
    assert.equal(await session.read('job/now', '{.spec.template.spec.containers[0].command}'), '["true"]')
    // A simulated node has every container succeed.
    await kubectl('wait', '--for=condition=Complete', 'job/now', '--timeout=150s')
    assert.equal(await session.read('job/now', '{.status.succeeded}'), '1')
    await kubectl('delete', 'cronjob', 'tick')
    await session.untilReads('jobs', '{.items[*].metadata.name}', '')
  })

  test('gives a StatefulSet its local volumes, on the nodes that have them, and keeps them', async () => {
    const storageClass = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'static' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    }
    const volume = (name: string, node: string) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'static',
        local: { path: '/srv/data' },
        nodeAffinity: {
          required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }] },
        },
      },
    })
    const claim = {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'static', resources: { requests: { storage: '1Gi' } } },
    }
    const set = workload('StatefulSet', 'db', 'example.com/db', { replicas: 2, serviceName: 'db', volumeClaimTemplates: [claim] })
    const objects = [storageClass, volume('one', 'node-2'), set]
    await kubectl('apply', '-f', session.file('db.json', { apiVersion: 'v1', kind: 'List', items: objects }))
    await kubectl('wait', '--for=condition=Ready', 'pod/db-0', '--timeout=150s')
    assert.equal(await session.read('pod/db-0', '{.spec.nodeName}'), 'node-2')
    await session.untilReads('pvc/data-db-0', '{.status.phase} {.spec.volumeName}', 'Bound one')
    await kubectl('wait', '--for=create', 'pod/db-1', '--timeout=150s')
    const why = '{.status.conditions[?(@.type=="PodScheduled")].message}'
    await until('db-1 says what it waits for', async () => /find available persistent volumes/.test(await session.read('pod/db-1', why)))
    await kubectl('apply', '-f', session.file('two.json', volume('two', 'node-2')))
    await kubectl('rollout', 'status', 'statefulset/db', '--timeout=150s')
    await kubectl('delete', 'statefulset', 'db')
    assert.equal(await session.read('pv', '{.items[*].status.phase}'), 'Bound Bound')
    await kubectl('delete', 'pvc', '--all')
    await session.untilReads('pv', '{.items[*].status.phase}', 'Released Released')
    await kubectl('delete', 'pv', '--all')
  })

  test('a Service has its IPAddress, also of a further ServiceCIDR, which waits for it when it is deleted', async () => {
    const more = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name: 'more' },
      spec: { cidrs: ['203.0.113.0/24'] },
    }
    const create = ['create', 'service', 'clusterip', 'far', '--tcp=80', '--clusterip=203.0.113.10']
    assert.match(
      await session.refused(...create),
      /failed to allocate IP 203\.0\.113\.10: the provided network does not match the current range/,
    )
    await kubectl('apply', '-f', session.file('more.yaml', more))
    await kubectl('wait', '--for=condition=Ready', 'servicecidr/more', '--timeout=150s')
    await kubectl(...create, '--dry-run=server')
    assert.match(await session.refused('get', 'ip', '203.0.113.10'), /NotFound/)
    await kubectl(...create)
    assert.match(await kubectl('get', 'ip', '203.0.113.10'), /^203\.0\.113\.10 +services\/work\/far$/m)
    await kubectl('delete', 'servicecidr', 'more', '--wait=false')
    await kubectl('wait', '--for=condition=Ready=false', 'servicecidr/more', '--timeout=150s')
    await kubectl('delete', 'service', 'far')
    assert.match(await session.refused('get', 'ip', '203.0.113.10'), /NotFound/)
  })

  test('preempts less important pods, and resizes running ones', async () => {
    const asking = (name: string, cpu: string, priorityClassName?: string) => ({
      ...podOf(name),
      spec: {
        terminationGracePeriodSeconds: 0,
        priorityClassName,
        containers: [{ name: 'app', image: 'example.com/app', resources: { requests: { cpu } } }],
      },
    })
    await kubectl('create', 'priorityclass', 'important', '--value=1000')
    const free = await session.read('nodes', '{.items[0].status.allocatable.cpu}')
    for (const name of ['low-1', 'low-2'])
      await kubectl('create', '-f', session.file(`${name}.json`, asking(name, String(Number(free) - 1))))
    await kubectl('wait', '--for=condition=Ready', 'pod/low-1', 'pod/low-2', '--timeout=150s')
    await kubectl('create', '-f', session.file('high.json', asking('high', '2', 'important')))
    await kubectl('wait', '--for=condition=Ready', 'pod/high', '--timeout=150s')
    const left = (await session.read('pods', '{.items[*].metadata.name}')).split(' ').filter(name => name.startsWith('low-'))
    assert.equal(left.length, 1)
    const more = { spec: { containers: [{ name: 'app', resources: { requests: { cpu: '3' } } }] } }
    await kubectl('patch', 'pod', 'high', '--subresource=resize', '-p', JSON.stringify(more))
    await session.untilReads('pod/high', '{.status.containerStatuses[0].resources.requests.cpu}', '3')
    assert.equal(await session.read('pod/high', '{.status.containerStatuses[0].restartCount}'), '0')
    await kubectl('delete', 'pod', 'high', ...left)
    await kubectl('delete', 'priorityclass', 'important')
  })

  test('a namespace is deleted with all its content, pods first, and reports what holds it', async () => {
    const { namespace } = session
    await session.enter('doomed')
    const kept = (object: object, finalizer: string) => ({ ...object, metadata: { name: 'kept', finalizers: [finalizer] } })
    await kubectl('create', '-f', session.file('kept.yaml', kept(podOf('kept'), 'example.com/pod')))
    await kubectl('create', 'service', 'clusterip', 'kept', '--tcp=80')
    await kubectl('delete', 'namespace', 'doomed', '--wait=false')
    const remaining = '{.status.conditions[?(@.type=="NamespaceContentRemaining")].message}'
    await session.untilReads('namespace/doomed', remaining, 'Some resources are remaining: pods. has 1 resource instances')
    assert.equal(await kubectl('get', 'service', '-o', 'name'), 'service/kept\n')
    assert.match(await session.refused('create', 'configmap', 'late'), /because it is being terminated/)
    await kubectl('patch', 'pod', 'kept', '--type=json', '-p', '[{"op":"remove","path":"/metadata/finalizers"}]')
    await kubectl('wait', '--for=delete', 'namespace/doomed', '--timeout=150s')
    assert.notEqual(namespace, 'doomed')
  })
})
