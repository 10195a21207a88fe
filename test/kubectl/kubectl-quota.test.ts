// Quotas, limits and trust domains as a user of kubectl meets them.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { noKubectl, until } from '../cluster.ts'
import { KubectlSession, podOf } from './kubectl-session.ts'

describe('kubectl on quotas and placement', { skip: noKubectl }, () => {
  let session: KubectlSession
  const kubectl = (...args: string[]) => session.kubectl(...args)

  before(async () => {
    session = await KubectlSession.start({ simulatedNodes: 2 })
    await session.enter('team')
  })
  after(async () => {
    await session?.[Symbol.asyncDispose]()
  })

  test('a new namespace shows its quota and limits, which come from the ClusterDefaults', async () => {
    await until('the quota is counted', async () => /^ +pods +0 +15k$/m.test(await kubectl('describe', 'namespace', 'team')))
    const described = await kubectl('describe', 'namespace', 'team')
    assert.match(described, /Resource Limits[\s\S]*Container +memory +- +- +32Mi +1Gi/)
    assert.match(await kubectl('get', 'clusterdefaults'), /^cluster +21 +Container +deny all but DNS, API server/m)
    assert.match(await kubectl('explain', 'clusterdefaults.spec.namespaces'), /FIELDS:[\s\S]*exempt/)
  })

  test('create quota limits new objects, describe quota counts them, and a deletion frees their share', async () => {
    await kubectl('create', 'quota', 'small', '--hard=count/configmaps=3,pods=1')
    await kubectl('create', 'configmap', 'one')
    await kubectl('create', 'configmap', 'two')
    const said = await session.refused('create', 'configmap', 'three')
    assert.match(
      said,
      /configmaps "three" is forbidden: exceeded quota: small, requested: count\/configmaps=1, used: count\/configmaps=3, limited: count\/configmaps=3/,
    )
    await until('the status', async () => /^count\/configmaps +3 +3$/m.test(await kubectl('describe', 'quota', 'small')))
    await kubectl('delete', 'configmap', 'one')
    await kubectl('create', 'configmap', 'three')
    await kubectl('delete', 'quota', 'small')
  })

  test('a pod runs on the node of its trust domain, and the node keeps its label while the pod exists', async () => {
    const label = 'node-restriction.kubernetes.io/trust-domain'
    await kubectl('label', 'node', 'node-2', `${label}=red`)
    await kubectl('label', 'namespace', 'team', 'placement.bulkhead.dev/trust-domain=red')
    await kubectl('apply', '-f', session.file('pod.yaml', podOf('p', 'example.com/app:1')))
    await until('the pod is placed', async () => (await session.read('pod/p', '{.spec.nodeName}')) === 'node-2')
    assert.match(
      await session.refused('label', 'node', 'node-2', `${label}-`),
      /node "node-2" has 1 pods of another trust domain than no trust domain, such as "team\/p"; delete them first/,
    )
    await kubectl('delete', 'pod', 'p')
    await kubectl('label', 'node', 'node-2', `${label}-`)
  })
})
