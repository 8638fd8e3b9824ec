import { ApiSchema } from '@nestjs/swagger';

@ApiSchema({
  name: 'LocalSettings',
  description: 'A directory that exists on every host under `mountPath`. There is nothing else to say about it.',
})
export class LocalSettings {}
