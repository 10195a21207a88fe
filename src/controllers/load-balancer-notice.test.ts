import assert from 'node:assert/strict'
import { test } from 'node:test'
import { events, services } from '../client/resources.ts'
import { loadBalancerNotice } from './load-balancer-notice.ts'
import { startScenario } from './scenario.testing.ts'

const service = (name: string, spec: object, ingress: object[] = []) => ({
  metadata: { name, namespace: 'default', uid: `uid-${name}` },
  spec: { ports: [{ port: 80, nodePort: 30_080 }], ...spec },
  status: { loadBalancer: { ingress } },
})

test('loadBalancerNotice reports each waiting Service once, and no other', async () => {
  let now = 0
  await using scenario = startScenario({
    controllers: [loadBalancerNotice],
    monotonic: () => (now += 1000),
    prepare(api) {
      api.seed(services, service('waits', { type: 'LoadBalancer' }) as never)
      api.seed(services, service('classed', { type: 'LoadBalancer', loadBalancerClass: 'example.com/lb' }) as never)
      api.seed(services, service('served', { type: 'LoadBalancer' }, [{ ip: '192.0.2.1' }]) as never)
      api.seed(services, service('plain', { type: 'ClusterIP' }) as never)
    },
  })
  const { api, until } = scenario
  await until(() => api.all(events).length === 2, 'two events')
  const said = new Map(api.all(events).map(({ involvedObject, reason, message }) => [involvedObject.name, `${reason} ${message}`]))
  assert.deepEqual([...said.keys()].toSorted(), ['classed', 'waits'])
  assert.equal(
    said.get('waits'),
    'NoLoadBalancer Nothing in this cluster provides load balancers: the Service is reached by its cluster IP, and port 30080 of each node. A controller that writes status.loadBalancer provides one',
  )
  assert.match(said.get('classed') ?? '', /of class "example\.com\/lb" yet/)
})
