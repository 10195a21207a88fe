// Sabotage of the records of what runs: who writes them, under which name, and who sees them.
import type { Sabotage } from './sabotage.ts'

const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'S1' })

export const s1: readonly Sabotage[] = [
  sabotage(
    'a search shows pods of every namespace',
    'src/server/paths/software/visible-namespaces.ts',
    "return async namespace => (await may('')) || may(namespace)",
    'return async namespace => (await may(namespace)) || true',
  ),
  sabotage(
    'a search hides what was not read',
    'src/server/paths/software/where-path.ts',
    "if (sbom !== undefined && sbom.source !== 'None') continue",
    'if (sbom !== undefined) continue',
  ),
  sabotage(
    'an image that cannot be read leaves no reason',
    'src/artifacts/findings/image-software.ts',
    "note(digest, { sbom: { source: 'None', packages: 0, message: message.slice(0, 1024), time } })",
    'note(digest, {})',
  ),
  sabotage(
    'the name of a record is not compared with its digest',
    'src/api/resources/supply/image.ts',
    'metadata.name !== imageName(digest)',
    'metadata.name === undefined',
  ),
  sabotage(
    'who may view a cluster may write records',
    'src/access/bootstrap-policy/own-roles.ts',
    "clusterRole(software, [urls('get', '/bulkhead/v1/updates /bulkhead/v1/where')]),",
    "clusterRole(software, [urls('get', '/bulkhead/v1/updates /bulkhead/v1/where'), rule(everyVerb, supply, 'images')]),",
  ),
  sabotage(
    'the pods of an image are not recorded',
    'src/artifacts/image-record.ts',
    'names: running.names.slice(0, maxRunningNames)',
    'names: running.names.slice(0, 0)',
  ),
]
