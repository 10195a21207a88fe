import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuthorization } from './authorize.ts'
import { createDenyRules } from './authorizers/deny-rules.ts'
import { authorizerList } from './authorizers/index.ts'
import { createNodeGraph } from './authorizers/node-graph.ts'
import { createRbacAuthorizer } from './authorizers/rbac.ts'
import { bootstrapPolicy } from './bootstrap-policy/index.ts'

for (const { folder, makes } of [
  { folder: 'authorizers', makes: /export (?:const \w+|function \w+\([^)]*\)): \w*Authorizer\b/ },
  { folder: 'authenticators', makes: /export function \w+\([^)]*\): \w*Authenticator\b/ },
]) {
  test(`the list of ${folder} imports every file of the folder that defines one`, () => {
    const directory = join(import.meta.dirname, folder)
    const index = readFileSync(join(directory, 'index.ts'), 'utf8')
    const makers = readdirSync(directory).filter(
      file => !file.includes('.test.') && file !== 'index.ts' && makes.test(readFileSync(join(directory, file), 'utf8')),
    )
    assert.ok(makers.length >= 3)
    for (const file of makers) assert.ok(index.includes(`'./${file}'`), `${file} is not listed`)
  })
}

const list = () =>
  authorizerList({
    denyRules: createDenyRules({ isClusterScoped: () => false, follow: () => undefined }),
    nodeGraph: createNodeGraph({ each: () => [], onChange: () => undefined }),
    rbac: createRbacAuthorizer({ list: () => bootstrapPolicy, onChange: () => undefined }),
    certificateRequests: { requesterOf: () => undefined },
  })

const asked = {
  verb: 'create',
  isResource: true,
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: 'x',
  path: '',
}

test('authorizerList() asks in its order', () => {
  assert.deepEqual(
    list().map(({ name }) => name),
    ['SystemMasters', 'DenyRules', 'Node', 'JoinTicket', 'RBAC'],
  )
})

test('authorizerList() allows nothing without a grant', async () => {
  const masters = { name: 'root', groups: ['system:masters'] }
  assert.equal((await createAuthorization(list()).authorize({ ...asked, user: masters }, {})).allowed, true)
  assert.equal(
    (await createAuthorization(list()).authorize({ ...asked, user: { name: 'ann', groups: ['system:authenticated'] } }, {})).allowed,
    false,
  )
  assert.equal((await createAuthorization([]).authorize({ ...asked, user: masters }, {})).allowed, false)
})
