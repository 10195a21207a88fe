// `node test/upgrade/make-older-data.ts`, once for each release, with its build: keeps a data directory that it made, for the tests of later releases.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository, TestCluster, temporaryFolder } from '../cluster.ts'
import { folder, largeText, namespace, readObjects, tar } from './older-data.ts'

const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { readonly version: string }
const dataDirectory = temporaryFolder()
try {
  const cluster = await TestCluster.start({ dataDirectory, flags: ['--control-plane-only'] })
  await cluster.kubectl('apply', '-f', join(folder, 'objects.yaml'))
  await cluster.kubectl('wait', '--for=condition=Established', 'crd/orders.shop.example.com')
  const order = { apiVersion: 'shop.example.com/v1', kind: 'Order', metadata: { name: 'first', namespace }, spec: { items: ['tea'] } }
  const made = await cluster.tryKubectl(['create', '-f', '-'], JSON.stringify(order))
  if (made.code !== 0) throw new Error(made.stderr)
  await cluster.kubectl('create', 'configmap', 'large', '-n', namespace, `--from-literal=text=${largeText}`)
  for (const colour of ['blue', 'white', 'green'])
    await cluster.kubectl('patch', 'configmap', 'settings', '-n', namespace, '-p', JSON.stringify({ data: { colour } }))
  await cluster.kubectl('create', 'configmap', 'gone', '-n', namespace)
  await cluster.kubectl('delete', 'configmap', 'gone', '-n', namespace)
  await cluster.kubectl('wait', '--for=create', 'pod', '-l', 'app=web', '-n', namespace)
  const content = await readObjects(cluster)
  await cluster.stop()
  writeFileSync(join(folder, `${version}.json`), `${JSON.stringify(content, undefined, 1)}\n`)
  for (const name of ['run', 'kubectl-cache']) rmSync(join(dataDirectory, name), { recursive: true, force: true })
  // Each build makes its own.
  for (const part of readdirSync(dataDirectory)) rmSync(join(dataDirectory, part, 'compile-cache'), { recursive: true, force: true })
  await tar('-czf', join(folder, `${version}.tar.gz`), '-C', dataDirectory, '.')
} finally {
  rmSync(dataDirectory, { recursive: true, force: true })
}
