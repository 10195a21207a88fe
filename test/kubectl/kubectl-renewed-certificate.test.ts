// kubectl that runs for longer than its certificate: it reads the renewed one from the file that the kubeconfig names.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { administratorsGroup } from '../../src/access/access.ts'
import { issueIdentity } from '../../src/cluster/client-identity.ts'
import { formatKubeconfig } from '../../src/cluster/kubeconfig.ts'
import { startClusterParts } from '../../src/cluster/start-cluster.ts'
import { temporaryFolder, until } from '../cluster.ts'

test('kubectl proxy uses a renewed certificate for its next connection', async () => {
  const { cluster, signer } = await startClusterParts({ simulatedNodes: 0, controllers: false })
  await using stack = new AsyncDisposableStack()
  stack.use(cluster)
  const folder = temporaryFolder()
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const signal = AbortSignal.timeout(120_000)
  const server = JSON.parse(await cluster.kubeconfig()).clusters[0].cluster.server
  // Between kubectl and the server, so that the connection can be cut.
  const open = new Set<Socket>()
  const relay = createServer(socket => {
    const other = connect(Number(new URL(server).port), '127.0.0.1')
    for (const end of [socket, other]) {
      open.add(end)
      end.on('error', () => end.destroy()).on('close', () => open.delete(end))
    }
    socket.pipe(other).pipe(socket)
  })
  await new Promise<void>(resolve => relay.listen(0, '127.0.0.1', resolve))
  stack.defer(() => void relay.close())
  const { port } = relay.address() as AddressInfo
  const issue = async (name: string) => {
    const { certificate, key } = await issueIdentity(signer, name, [administratorsGroup], 3600, signal)
    writeFileSync(join(folder, 'admin.pem'), `${certificate}\n${key}`)
  }
  const ca = await signer.authority('serving', signal)
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(
    kubeconfig,
    formatKubeconfig({ server: `https://127.0.0.1:${port}`, ca, user: 'admin', credentials: { file: 'admin.pem' } }),
  )
  await issue('first')

  const proxy = spawn('kubectl', ['--kubeconfig', kubeconfig, 'proxy', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise(resolve => proxy.once('close', resolve))
  stack.defer(async () => {
    proxy.kill()
    await ended
    for (const socket of open) socket.destroy()
  })
  let output = ''
  proxy.stdout.setEncoding('utf8').on('data', (part: string) => (output += part))
  await until('kubectl proxy serves', () => output.includes('\n'))
  const address = /127\.0\.0\.1:\d+/.exec(output)?.[0]
  const userName = async (): Promise<string> => {
    const answer = await fetch(`http://${address}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}', signal },
    })
    // Of a connection that was just cut, the proxy answers 502.
    const text = await answer.text()
    return answer.status === 201 ? JSON.parse(text).status.userInfo.username : ''
  }
  assert.equal(await userName(), 'first')
  await issue('second')
  // For a second kubectl keeps what it has read from the file.
  await until('the second certificate is used', async () => {
    for (const socket of open) socket.destroy()
    return (await userName()) === 'second'
  })
})
