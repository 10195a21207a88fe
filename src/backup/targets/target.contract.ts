// What every kind of target must do.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { BackupFault } from '../backup-fault.ts'
import { linkName, packName, type Target } from './target.ts'

const { signal } = new AbortController()
const isFault = (want: RegExp) => (err: unknown) => err instanceof BackupFault && want.test(err.message)

/** `open` opens the same place each time. */
export function targetContract(kind: string, open: () => Promise<Target>): void {
  describe(`a target: ${kind}`, () => {
    const pack = () => packName(randomBytes(32).toString('hex'))

    test('reads what was written, also through another connection', async () => {
      const name = pack()
      const content = randomBytes(300_000)
      await using target = await open()
      assert.equal(await target.get(name, 1024, signal), undefined)
      await target.put(name, content, signal)
      assert.deepEqual(await target.get(name, content.length, signal), content)
      await using again = await open()
      assert.deepEqual(await again.get(name, content.length, signal), content)
    })

    test('lists names in order', async () => {
      await using target = await open()
      for (const number of [12, 2, 7]) await target.put(linkName(number), Buffer.alloc(number), signal)
      const links = await target.list('links', signal)
      assert.deepEqual(
        links,
        [2, 7, 12].map(number => linkName(number)),
      )
      assert.deepEqual(await target.list('reports', signal), [])
    })

    test('takes the same content twice, and never another one for a name', async () => {
      await using target = await open()
      const name = pack()
      await target.put(name, Buffer.from('one'), signal)
      await target.put(name, Buffer.from('one'), signal)
      await assert.rejects(
        target.put(name, Buffer.from('two'), signal),
        isFault(/exists with another content: another process writes there/),
      )
      assert.equal((await target.get(name, 100, signal))?.toString(), 'one')
    })

    test('removes, also what is gone already', async () => {
      await using target = await open()
      const name = pack()
      await target.put(name, Buffer.from('one'), signal)
      await target.remove(name, signal)
      await target.remove(name, signal)
      assert.equal(await target.get(name, 100, signal), undefined)
    })

    test('refuses a file that is larger than it may be, and names that lead elsewhere', async () => {
      await using target = await open()
      const name = pack()
      await target.put(name, Buffer.alloc(1000), signal)
      await assert.rejects(target.get(name, 999, signal), isFault(/bytes/))
      for (const bad of ['../x', 'packs/../x', 'packs/a/b', '/etc/passwd', 'packs/', 'other/a', 'packs/a\n'])
        await assert.rejects(target.get(bad, 1, signal), bad)
    })
  })
}
