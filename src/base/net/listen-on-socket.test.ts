import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { listenOnSocket } from './listen-on-socket.ts'

const folder = mkdtempSync(join(tmpdir(), 'socket-'))
after(() => rmSync(folder, { recursive: true }))

for (const [mode, forbidden] of [
  [0o600, 0o077],
  [0o660, 0o007],
] as const)
  test(`listenOnSocket() gives a socket mode ${mode.toString(8)}, and takes no right from owners of what is created meanwhile`, async () => {
    const server = createServer()
    let mask: number | undefined
    const listen = server.listen.bind(server)
    server.listen = ((path: string, listening: () => void): Server => {
      mask = process.umask()
      return listen(path, listening)
    }) as Server['listen']
    const path = join(folder, mode.toString(8))
    const before = process.umask()
    await listenOnSocket(server, path, mode)
    assert.equal(mask, forbidden)
    assert.equal(statSync(path).mode & 0o777, mode)
    assert.equal(process.umask(), before)
    await new Promise(resolve => server.close(resolve))
  })

test('listenOnSocket() rejects where nothing can be created, and leaves the umask as it was', async () => {
  const before = process.umask()
  await assert.rejects(listenOnSocket(createServer(), join(folder, 'none', 'socket'), 0o600), { syscall: 'listen' })
  assert.equal(process.umask(), before)
})
