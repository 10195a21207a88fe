// Proxies by kubectl to real containers, through the tunnel of a real node.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { noContainers, TestCluster, temporaryFolder, until } from '../cluster.ts'
import { importWorkloadImage, workloadPod } from './workload-image.ts'

const skip = noContainers()
const ns = '/api/v1/namespaces/default'
let folder: string
let cluster: TestCluster
let proxy: ChildProcess | undefined
/** The port of `kubectl proxy`. */
let base: string

before(async () => {
  if (skip !== false) return
  folder = temporaryFolder()
  cluster = await TestCluster.start({ dataDirectory: join(folder, 'data') })
  await importWorkloadImage(cluster, folder)
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ name: 'main', port: 80, targetPort: 'main' }] },
  }
  writeFileSync(join(folder, 'web.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [workloadPod('web', ['web']), service] }))
  await cluster.kubectl('apply', '-f', join(folder, 'web.json'))
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/web', '--timeout=150s')
  proxy = cluster.spawnKubectl('proxy', '--port=0')
  let said = ''
  proxy.stdout?.setEncoding('utf8').on('data', text => {
    said += text
  })
  await until('kubectl proxy listens', () => said.includes('\n'))
  base = `127.0.0.1:${/:(\d+)/.exec(said)?.[1]}`
})

after(async () => {
  if (skip !== false) return
  proxy?.kill()
  await cluster?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

for (const target of [
  'pods/web',
  'pods/web:8080',
  'pods/http:web:8080',
  'services/web:main',
  'services/web:80',
  'services/http:web:main',
]) {
  test(`kubectl get --raw reaches ${target}`, { skip }, async () => {
    let text = ''
    await until(target, async () => {
      // Endpoints follow readiness a moment later, and so does a program that has just started and is not probed.
      const { code, stdout, stderr } = await cluster.tryKubectl(['get', '--raw', `${ns}/${target}/proxy/some/path?q=1`])
      text = stdout
      if (code !== 0 && !/no endpoints available|connection refused/.test(stderr)) throw new Error(stderr)
      return code === 0
    })
    const { method, url, headers } = JSON.parse(text)
    assert.deepEqual([method, url], ['GET', '/some/path?q=1'])
    assert.equal(headers.authorization, undefined)
    assert.equal(headers['x-forwarded-uri'], `${ns}/${target}/proxy/some/path`)
  })
}

test('kubectl create, replace and delete --raw send their bodies', { skip }, async () => {
  writeFileSync(join(folder, 'body'), 'what is sent')
  for (const [command, method] of [
    ['create', 'POST'],
    ['replace', 'PUT'],
    ['delete', 'DELETE'],
  ] as const) {
    const text = await cluster.kubectl(
      command,
      '--raw',
      `${ns}/pods/web/proxy/x`,
      ...(command === 'delete' ? [] : ['-f', join(folder, 'body')]),
    )
    const got = JSON.parse(text)
    assert.deepEqual([got.method, got.body], [method, command === 'delete' ? '' : 'what is sent'])
  }
})

test('kubectl proxy: pages, redirects with their path rewritten, and WebSockets', { skip }, async () => {
  const page = await fetch(`http://${base}${ns}/services/web:main/proxy/page`, { method: 'POST', body: 'x'.repeat(100_000) })
  const got: { body: string; headers: Record<string, string> } = JSON.parse(await page.text())
  assert.equal(got.body.length, 100_000)
  // kubectl asks under the API server's own name, and the pod sees that.
  assert.equal(got.headers['host'], `127.0.0.1:${cluster.port}`)
  const redirect = await fetch(`http://${base}${ns}/pods/web/proxy/redirect`, { redirect: 'manual' })
  assert.deepEqual([redirect.status, redirect.headers.get('location')], [302, `${ns}/pods/web/proxy/landed`])
  const socket = new WebSocket(`ws://${base}${ns}/pods/web/proxy/ws`)
  await once(socket, 'open')
  socket.send('from far')
  assert.equal(String((await once(socket, 'message'))[0]), 'echo from far')
  socket.close(1000)
  await once(socket, 'close')
})

test('a port without listener, a deleted pod, and a port of the node', { skip }, async () => {
  const refused = async (path: string) => (await cluster.tryKubectl(['get', '--raw', path])).stderr
  assert.match(await refused(`${ns}/pods/web:81/proxy/`), /error trying to reach service: dial tcp [0-9.]+:81: connect: connection refused/)
  assert.match(await refused(`${ns}/pods/none/proxy/`), /pods "none" not found/)
  const node = (await cluster.kubectl('get', 'nodes', '-o', 'name')).trim().replace('node/', '')
  assert.match(await refused(`/api/v1/nodes/${node}:22/proxy/`), /port 22 of a node is not reached through the API/)
  assert.equal(await cluster.kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/healthz`), 'ok')
  const pods: { items: { metadata: { name: string } }[] } = JSON.parse(
    await cluster.kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/pods`),
  )
  assert.ok(pods.items.some(({ metadata }) => metadata.name === 'web'))
})
