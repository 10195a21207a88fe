// The condition of an APIService about its service and its server, and how it follows them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kubernetesEndpoints } from '../../../server/bootstrap.ts'
import { admin } from '../secured-api.testing.ts'
import { Aggregation } from './aggregation.testing.ts'
import { apiServices } from './extension-server.testing.ts'
import { flunders, group } from './flunder-server.testing.ts'

const service = '/api/v1/namespaces/default/services/wardle'
const slice = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/wardle-1'

test('the condition follows the service, its port, its endpoints and the backend, in upstream’s words', async () => {
  await using made = await Aggregation.open()
  const { request } = made.api
  const patch = async (path: string, body: object) => {
    const { status, text } = await request.call(made.api, admin, 'PATCH', path, body)
    assert.equal(status, 200, text)
  }
  const untilCondition = async (reason: string, message: string) =>
    assert.equal((await made.until(found => found.reason === reason)).message, message)
  await untilCondition('Passed', 'all checks passed')

  await patch(slice, { endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: false } }] })
  await untilCondition('MissingEndpoints', 'endpointslices for service/wardle in "default" have no addresses with port name "https"')
  assert.equal((await made.request(admin, 'GET', flunders)).status, 503)

  await made.request(admin, 'DELETE', slice)
  await untilCondition('EndpointsNotFound', 'cannot find endpointslices for service/wardle in "default"')

  await patch(service, { spec: { ports: [{ name: 'https', port: 444, protocol: 'TCP', targetPort: 8443 }] } })
  await untilCondition('ServicePortError', 'service/wardle in "default" is not listening on port 443')

  await made.request(admin, 'DELETE', service)
  await untilCondition('ServiceNotFound', 'service/wardle in "default" is not present')

  await patch(`${apiServices}/v1.${group}`, { spec: { service: null, caBundle: null } })
  await untilCondition('Local', 'Local APIServices are always available')
})

test('a backend that stops answering makes its APIService unavailable, and available again when it returns', async () => {
  await using made = await Aggregation.open()
  const healthy = made.extension.answer
  made.extension.answer = (_request, response) => {
    response.writeHead(500)
    response.end()
  }
  // A change of the endpoints triggers a check at once.
  const touch = (value: string) => made.request(admin, 'PATCH', slice, { metadata: { annotations: { touched: value } } })
  await touch('1')
  const failed = await made.until(({ status }) => status === 'False')
  assert.equal(
    failed.message,
    `failing or missing response from https://wardle.default.svc:443/apis/${group}/v1: bad status from https://wardle.default.svc:443/apis/${group}/v1: 500`,
  )
  made.extension.answer = healthy
  await touch('2')
  await made.until(({ status }) => status === 'True')
})

test('an endpoint that is no pod’s address is not contacted', async () => {
  const targetRef = { kind: 'Pod', namespace: 'default', name: 'wardle-0' }
  const endpoints = [{ addresses: ['10.9.9.9'], conditions: { ready: true }, targetRef }]
  await using made = await Aggregation.open({ slice: { endpoints }, available: false })
  const { message } = await made.firstCondition()
  assert.match(message, /no pod has the address 10\.9\.9\.9/)
})

test('an endpoint that is this server itself is not contacted', async () => {
  await using made = await Aggregation.open()
  await made.api.server.ensureObjects(kubernetesEndpoints(['10.9.9.9'], 8443))
  await made.request(admin, 'PATCH', slice, { endpoints: [{ addresses: ['10.9.9.9'] }] })
  const { message } = await made.until(({ status }) => status === 'False')
  assert.match(message, /10\.9\.9\.9:8443 is this API server/)
})

test('the metric shows which APIServices are unavailable', async () => {
  await using made = await Aggregation.open()
  const metrics = async () => (await made.request(admin, 'GET', '/metrics')).text
  assert.match(await metrics(), /aggregator_unavailable_apiservice\{name="v1\.wardle\.example\.com"\} 0/)
  await made.request(admin, 'DELETE', slice)
  await made.until(({ status }) => status === 'False')
  assert.match(await metrics(), /aggregator_unavailable_apiservice\{name="v1\.wardle\.example\.com"\} 1/)
})

test('an APIService that is deleted leads nowhere', async () => {
  await using made = await Aggregation.open()
  assert.equal((await made.request(admin, 'GET', flunders)).status, 200)
  await made.request(admin, 'DELETE', `${apiServices}/v1.${group}`)
  assert.equal((await made.request(admin, 'GET', flunders)).status, 404)
})
