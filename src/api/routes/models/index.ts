/** `GET /models` and `/models/{id}`. */
import Type from 'typebox';
import { ModelInfo, UnusableModel } from '../../../contract/catalogue.ts';
import { ref } from '../../../contract/schema.ts';
import { catalogueRoutes } from '../../catalogue/routes.ts';

export default catalogueRoutes({
  field: 'models',
  noun: 'model',
  item: Type.Union([ref(ModelInfo), ref(UnusableModel)]),
  operation: 'Model',
  summary: 'Models that this service has, and which of them are loaded',
  example: 'facts-gpt2',
  read: (catalogue) => catalogue.models(),
});
