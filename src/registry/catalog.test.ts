import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxPages, pageSize, readCatalog } from './catalog.ts'

const names = Array.from({ length: 250 }, (_, n) => `${n % 2 === 0 ? 'shop' : 'bank'}/app-${String(n).padStart(3, '0')}`).sort()
const pageAfter = async (last: string) => names.filter(name => name > last).slice(0, pageSize)
const ofShop = async (asked: readonly string[]) => new Set(asked.filter(name => name.startsWith('shop/')))

test('readCatalog() lists only what may be pulled, in pages that name nothing else', async () => {
  const seen: string[] = []
  let last = ''
  for (let page = 0; page < 10; page++) {
    const answer = await readCatalog(pageAfter, ofShop, { last, limit: 50 })
    seen.push(...answer.repositories)
    if (answer.last === undefined) break
    assert.match(answer.last, /^shop\//)
    last = answer.last
  }
  assert.deepEqual(
    seen,
    names.filter(name => name.startsWith('shop/')),
  )
})

test('readCatalog() reads a limited number of pages', async () => {
  let pages = 0
  const endless = async () => {
    pages++
    return Array.from({ length: pageSize }, (_, n) => `bank/app-${pages}-${n}`)
  }
  assert.deepEqual(await readCatalog(endless, async () => new Set(), { last: '', limit: 10 }), { repositories: [], last: undefined })
  assert.equal(pages, maxPages)
})

test('readCatalog() lists no name that is no repository of a namespace', async () => {
  const odd = async () => ['web', 'Shop/web', 'shop/web']
  assert.deepEqual((await readCatalog(odd, async asked => new Set(asked), { last: '', limit: 10 })).repositories, ['shop/web'])
})
