/** `GET /models` and `/models/{id}`. */
import { ModelInfo } from '../../../contract/catalogue.ts';
import { catalogueRoutes } from '../../catalogue-routes.ts';

export default catalogueRoutes({
  field: 'models',
  noun: 'model',
  item: ModelInfo,
  operation: 'Model',
  summary: 'Models that this service has, and which of them are loaded',
  example: 'facts-gpt2',
  read: (context) => context.catalogue.models(),
});
