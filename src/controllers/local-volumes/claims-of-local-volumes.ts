// A change of a LocalVolume concerns the claim that it was made for.
import { claimAnnotation } from '../../api/volumes/local-volume-names.ts'
import { localVolumes } from '../../client/resources.ts'
import { follow } from '../controller.ts'

export const claimsOfLocalVolumes = follow({
  resource: localVolumes,
  keys: ({ metadata }) => {
    const claim = metadata.annotations?.[claimAnnotation]
    return claim === undefined ? [] : [claim]
  },
})
