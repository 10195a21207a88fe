import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ListeningServer } from '../server/listening-server.ts'

const run = promisify(execFile)

function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const options = { skip: hasKubectl() ? false : 'kubectl is not installed' }

async function kubectl(server: ListeningServer, ...args: string[]): Promise<string> {
  const { stdout } = await run('kubectl', ['--kubeconfig', server.kubeconfig, '--cache-dir', join(server.folder, 'cache'), ...args])
  return stdout
}

async function refused(server: ListeningServer, ...args: string[]): Promise<string> {
  try {
    await kubectl(server, ...args)
  } catch (err) {
    if (err instanceof Error && 'stderr' in err) return String(err.stderr)
    throw err
  }
  throw new Error(`kubectl ${args.join(' ')} was not refused`)
}

test('kubectl creates, reads, changes and deletes objects', options, async () => {
  await using server = await ListeningServer.start()
  // Built-in kinds come as protobuf from these.
  assert.equal(await kubectl(server, 'create', 'configmap', 'a', '--from-literal=x=1'), 'configmap/a created\n')
  await kubectl(server, 'create', 'deployment', 'd', '--image=example.com/app', '--replicas=2')
  await kubectl(server, 'create', 'service', 'nodeport', 'd', '--tcp=80:8080')
  assert.equal(await kubectl(server, 'get', 'configmap', 'a', '-o', 'jsonpath={.data.x}'), '1')
  await kubectl(server, 'patch', 'configmap', 'a', '-p', '{"data":{"y":"2"}}')
  await kubectl(server, 'label', 'configmap', 'a', 'app=x')
  assert.equal(await kubectl(server, 'get', 'configmap', '-l', 'app=x', '-o', 'jsonpath={.items[*].data}'), '{"x":"1","y":"2"}')
  await kubectl(server, 'scale', 'deployment', 'd', '--replicas=5')
  assert.equal(await kubectl(server, 'get', 'deployment', 'd', '-o', 'jsonpath={.spec.replicas} {.metadata.generation}'), '5 2')
  await kubectl(server, 'set', 'image', 'deployment/d', 'app=example.com/app:2')
  assert.equal(
    await kubectl(server, 'get', 'deployment', 'd', '-o', 'jsonpath={.spec.template.spec.containers[*].image}'),
    'example.com/app:2',
  )
  await kubectl(server, 'delete', 'configmap', 'a')
  assert.match(await refused(server, 'get', 'configmap', 'a'), /Error from server \(NotFound\): configmaps "a" not found/)
})

test('kubectl prints tables, descriptions and explanations', options, async () => {
  await using server = await ListeningServer.start()
  await kubectl(server, 'run', 'p', '--image=example.com/app')
  assert.match(await kubectl(server, 'get', 'pods'), /^NAME +READY +STATUS +RESTARTS +AGE\np +0\/1 +Pending +0 +\S+\n$/)
  assert.match(await kubectl(server, 'get', 'namespaces'), /kube-system +Active/)
  assert.match(await kubectl(server, 'describe', 'pod', 'p'), /Image: +example\.com\/app/)
  assert.match(await kubectl(server, 'explain', 'pod.spec.containers'), /imagePullPolicy\s+<string>/)
  assert.match(await kubectl(server, 'api-resources'), /deployments +deploy +apps\/v1 +true +Deployment/)
  assert.match(await kubectl(server, 'version'), /Server Version: v1\.33\.3\+bulkhead/)
})

test('kubectl applies a file twice and reports the changes', options, async () => {
  await using server = await ListeningServer.start()
  const file = join(server.folder, 'web.yaml')
  const text = (value: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  x: "${value}"\n`
  await writeFile(file, text('1'))
  assert.equal(await kubectl(server, 'apply', '-f', file), 'configmap/web created\n')
  assert.equal(await kubectl(server, 'apply', '-f', file), 'configmap/web unchanged\n')
  await writeFile(file, text('2'))
  assert.equal(await kubectl(server, 'apply', '-f', file), 'configmap/web configured\n')
  await writeFile(file, `${text('3')}foo: 1\n`)
  assert.match(await refused(server, 'apply', '-f', file), /unknown field "foo"/)
})

test('kubectl waits for a condition on a watch', options, async () => {
  await using server = await ListeningServer.start()
  await kubectl(server, 'create', 'configmap', 'a')
  const waiting = kubectl(server, 'wait', '--for=jsonpath={.data.x}=1', 'configmap/a', '--timeout=150s')
  await kubectl(server, 'patch', 'configmap', 'a', '-p', '{"data":{"x":"1"}}')
  assert.equal(await waiting, 'configmap/a condition met\n')
})
