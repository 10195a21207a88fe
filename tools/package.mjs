// `npm run package`: the npm package that users install. Its code is bundled, so it has no dependencies, and it uses the user's Node.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureNpmPackages, entry, root, SetupError } from './packages.mjs'

const stage = join(root, 'dist.package')
/** From the clone's package.json: everything else is for developers here. */
const publicFields = ['name', 'version', 'description', 'license', 'type', 'bin', 'exports']
/** A clone brings a newer Node of its own, and starts on an older one. */
const engines = { node: '>=22.13' }
const licenseFile = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i

await entry(() => {
  const startedAt = Date.now()
  const node = ensureNpmPackages()
  const run = (command, args, options = {}) => {
    const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
    if (status !== 0) throw new SetupError(`"${[command, ...args].join(' ')}" failed: see its output above`)
  }
  // Builds of running clusters stay: only types of removed files must not be packed.
  rmSync(join(root, 'dist', 'types'), { recursive: true, force: true })
  rmSync(stage, { recursive: true, force: true })
  run(node, [join(root, 'tools', 'build.mjs')])
  run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.types.json'])
  mkdirSync(stage)
  const dist = ['cli.js', 'index.js', 'package.json', 'types', currentBuild()].map(name => join('dist', name))
  for (const name of ['bin', 'examples', 'LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md', ...dist])
    cpSync(join(root, name), join(stage, name), {
      recursive: true,
      filter: path => !path.includes('.compile-cache') && !path.endsWith('.map'),
    })
  opaqueTypes(join(stage, 'dist', 'types'))
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const published = { ...Object.fromEntries(publicFields.map(field => [field, own[field]])), engines }
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
  writeFileSync(join(stage, 'THIRD-PARTY-LICENSES'), licensesOf(Object.keys(own.dependencies)))
  run(node, [join(root, 'tools', 'sign-package.ts'), stage, String(startedAt)])
  run('npm', ['pack', '--silent', '--pack-destination', root], { cwd: stage })
  rmSync(stage, { recursive: true })
  return 0
})

/** The folder that the command leads to: builds of running clusters lie beside it. */
function currentBuild() {
  const [, folder] = /["']\.\/([^/"']+)\//.exec(readFileSync(join(root, 'dist', 'cli.js'), 'utf8')) ?? []
  if (folder === undefined) throw new SetupError('dist/cli.js leads to no build')
  return folder
}

/** Types of bundled packages, which are not installed with this one: nothing that a user calls takes or gives them. */
function opaqueTypes(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.d.ts')) continue
    const file = join(entry.parentPath, entry.name)
    const text = readFileSync(file, 'utf8')
    const opaque = text.replaceAll(/^(import|export) (?:type )?\{([^}]*)\} from '(?!node:)[^.'][^']*';?$/gm, (_, keyword, names) =>
      names
        .split(',')
        .map(part => part.trim().replace(/^type /, ''))
        .map(
          name =>
            `${keyword === 'export' ? 'export ' : ''}declare const ${name}: any; ${keyword === 'export' ? 'export ' : ''}type ${name}<_ = any> = any;`,
        )
        .join(' '),
    )
    if (opaque !== text) writeFileSync(file, opaque)
  }
}

/** Licenses of everything that the bundle may contain: the dependencies and theirs. */
function licensesOf(names) {
  const texts = new Map()
  const waiting = [...names]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const folder = join(root, 'node_modules', name)
    if (texts.has(name) || !existsSync(folder)) continue
    const { version, license, dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const files = readdirSync(folder).filter(file => licenseFile.test(file))
    texts.set(name, [`${name} ${version} (${license})`, ...files.map(file => readFileSync(join(folder, file), 'utf8').trim())].join('\n\n'))
    waiting.push(...Object.keys(dependencies))
  }
  return `${[...texts.keys()]
    .sort()
    .map(name => texts.get(name))
    .join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}
