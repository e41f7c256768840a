package io.lifecycle4j.sample.im;

import de.bwaldvogel.mongo.backend.KeyValue;
import de.bwaldvogel.mongo.backend.ValueComparator;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.type.BasicDataType;
import org.h2.mvstore.type.ObjectDataType;

/**
 * How the embedded server's unique indexes are ordered and stored. H2 knows nothing of their keys, and would serialize two of
 * them for each comparison: most of the process's time went there.
 */
final class IndexKeys extends BasicDataType<KeyValue> {
    private static final String TYPED = "typed-indexes";
    private static final Comparator<Object> ORDER = ValueComparator.ascWithoutListHandling();
    private static final ObjectDataType VALUES = new ObjectDataType();

    /** Opens an index's map before the server does, which uses the open one. A map from before this class is written anew. */
    static void open(MVStore store, String name) {
        MVMap<String, Boolean> typed = store.openMap(TYPED);
        if (store.hasMap(name) && !typed.containsKey(name)) {
            MVMap<KeyValue, Object> before = store.openMap(name);
            MVMap<KeyValue, Object> anew = store.openMap(name + ".typed", builder());
            before.forEach(anew::put);
            store.removeMap(before);
            store.renameMap(anew, name);
        } else {
            store.openMap(name, builder());
        }
        typed.put(name, true);
    }

    private static MVMap.Builder<KeyValue, Object> builder() {
        return new MVMap.Builder<KeyValue, Object>().keyType(new IndexKeys());
    }

    @Override
    public int compare(KeyValue one, KeyValue other) {
        for (int i = 0; i < Math.min(one.size(), other.size()); i++) {
            int order = ORDER.compare(one.get(i), other.get(i));
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(one.size(), other.size());
    }

    @Override
    public int getMemory(KeyValue key) {
        int bytes = 0;
        for (Object value : key) {
            bytes += VALUES.getMemory(value);
        }
        return bytes;
    }

    @Override
    public void write(WriteBuffer buffer, KeyValue key) {
        buffer.putVarInt(key.size());
        for (Object value : key) {
            VALUES.write(buffer, value);
        }
    }

    @Override
    public KeyValue read(ByteBuffer buffer) {
        int size = DataUtils.readVarInt(buffer);
        List<Object> values = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            values.add(VALUES.read(buffer));
        }
        return new KeyValue(values);
    }

    @Override
    public KeyValue[] createStorage(int size) {
        return new KeyValue[size];
    }
}
