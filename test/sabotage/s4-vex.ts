// Sabotage of the versions of VEX documents: who keeps an old one hides a finding by it.
import type { Sabotage } from './sabotage.ts'

export const s4: readonly Sabotage[] = [
  {
    name: 'an old version of a document counts under another name',
    file: 'src/artifacts/findings/attested-by-name.ts',
    from: 'if (version === undefined || last === undefined || !isOlder(version, last)) all.set(key, entry)',
    to: 'all.set(key, entry)',
    proof: 'S4',
  },
  {
    name: 'the version that was read last is the newest',
    file: 'src/artifacts/findings/attested-by-name.ts',
    from: '(last === undefined || isOlder(last, version))',
    to: '(last === undefined || last !== version)',
    proof: 'S4',
  },
  {
    name: 'a document that was deleted still counts',
    file: 'src/artifacts/findings/attested-by-name.ts',
    from: '    known.names.delete(name)\n    if (entries',
    to: '    if (entries',
    proof: 'S4',
  },
  {
    name: 'a restart forgets the newest versions',
    file: 'src/artifacts/findings/image-explanations.ts',
    from: 'onVersions: (image, newest) => parts.versions?.keep(image, newest),',
    to: 'onVersions: () => undefined,',
    proof: 'S4',
  },
  {
    name: 'kept versions are not read after a restart',
    file: 'src/artifacts/findings/attested-by-name.ts',
    from: 'newest: new Map(newest.map(version => [version.id, version])) })',
    to: 'newest: new Map() })',
    proof: 'S4',
  },
  {
    name: 'documents have no versions',
    file: 'src/supply-chain/advisories/vex/document-version.ts',
    from: "if (typeof id !== 'string' || id === '') return undefined",
    to: "if (typeof id !== 'string' || id !== '') return undefined",
    proof: 'S4',
  },
]
