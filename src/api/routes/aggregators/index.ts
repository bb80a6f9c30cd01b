/** `GET /aggregators` and `/aggregators/{id}`. */
import { AggregatorInfo } from '../../../contract/catalogue.ts';
import { ref } from '../../../contract/schema.ts';
import { catalogueRoutes } from '../../catalogue/routes.ts';

export default catalogueRoutes({
  field: 'aggregators',
  noun: 'aggregator',
  item: ref(AggregatorInfo),
  operation: 'Aggregator',
  summary: 'Aggregators: reduce, merge or normalize scores',
  example: 'scores',
});
